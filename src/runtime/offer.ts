import type { CallReply } from '../core/call.ts'
import type { Caller } from '../core/caller.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import type { Refusal } from '../core/result.ts'
import type { Icon, Tool } from '../core/tool.ts'
import type { Kind } from '../policy/policy.ts'
import { callTool } from './call-tool.ts'
import type { Runtime, ToolCall } from './ports.ts'
import { listTools } from './list-tools.ts'
import { questionFor } from './question.ts'

/** What a gateway offers beside tools, by MCP's names. */
export type OfferedMethod = 'prompts/get' | 'resources/read' | 'completion/complete'

export type OfferReply = { kind: 'result'; callId: string; result: JsonObject } | Exclude<CallReply, { kind: 'output' }>

/** A call without what the method says. */
export type OfferCall = Omit<ToolCall, 'name' | 'arguments' | 'about'>

/** Gets a prompt, reads a resource or completes an argument: governed and recorded as a tool call is. */
export async function useOffer(
  call: OfferCall,
  method: OfferedMethod,
  params: JsonObject,
  use: Runtime,
): Promise<OfferReply> {
  const asked = askedFor(method, params)
  if (!asked) return { kind: 'refused', callId: call.id, error: { code: 'core/bad_request' } }
  const { name, kind, args } = asked
  const reply = await callTool({ ...call, name, arguments: args, about: { method, kind, params } }, use)
  if (reply.kind === 'output')
    return { kind: 'result', callId: reply.callId, result: resultOf(reply.output.structuredContent) }
  return reply.kind === 'refused' ? { ...reply, error: inOtherWords(reply.error, method, name) } : reply
}

/** Prompts that could be permitted to this caller, as MCP lists them. */
export function listPrompts(caller: Caller, use: Runtime): JsonObject[] {
  const { prompts, prompt } = use.gateway.things
  return visible(prompts, 'prompt', caller, use, ({ name }) => prompt(name)).map((one) => ({
    name: one.name,
    ...shown(one),
    ...(one.arguments ? { arguments: one.arguments as unknown as Json } : {}),
  }))
}

export function listResources(caller: Caller, use: Runtime): JsonObject[] {
  const { resources, resource } = use.gateway.things
  return visible(resources, 'resource', caller, use, ({ uri }) => resource(uri)).map((one) => ({
    uri: one.uri,
    name: one.name,
    ...shown(one),
    ...(one.mimeType === undefined ? {} : { mimeType: one.mimeType }),
    ...(one.size === undefined ? {} : { size: one.size }),
    ...(one.annotations ? { annotations: one.annotations } : {}),
  }))
}

/** The resource, if this caller could read it now. */
export function readableResource(uri: string, caller: Caller, use: Runtime): Tool | null {
  const thing = use.gateway.things.resource(uri)
  if (!thing) return null
  const question = { ...questionFor({ caller }, thing, { uri }, use), kind: 'resource' as const }
  return use.gateway.couldPermit(question, use.now()) ? thing : null
}

/** A template is shown where a resource of its form could be permitted. */
export function listTemplates(caller: Caller, use: Runtime): JsonObject[] {
  const { templates, template } = use.gateway.things
  return visible(templates, 'resource', caller, use, ({ uriTemplate }) => template(uriTemplate)).map((one) => ({
    uriTemplate: one.uriTemplate,
    name: one.name,
    ...shown(one),
    ...(one.mimeType === undefined ? {} : { mimeType: one.mimeType }),
    ...(one.annotations ? { annotations: one.annotations } : {}),
  }))
}

/** Servers of which this caller is shown something. Of the others they are not to know that they are here (promise 5). */
export function shownUpstreams(caller: Caller, use: Runtime): string[] {
  const { prompts, resources, templates, prompt, resource, template } = use.gateway.things
  const all = [
    ...visible(prompts, 'prompt', caller, use, ({ name }) => prompt(name)),
    ...visible(resources, 'resource', caller, use, ({ uri }) => resource(uri)),
    ...visible(templates, 'resource', caller, use, ({ uriTemplate }) => template(uriTemplate)),
  ].map(({ upstream }) => upstream)
  const tools = listTools(caller, use).flatMap(({ source }) => (source.kind === 'upstream' ? [source.upstream] : []))
  return [...new Set([...tools, ...all])]
}

function visible<T>(
  all: readonly T[],
  kind: Kind,
  caller: Caller,
  use: Runtime,
  find: (one: T) => Tool | undefined,
): T[] {
  const now = use.now()
  return all.filter((one) => {
    const thing = find(one)
    return thing !== undefined && use.gateway.couldPermit({ ...questionFor({ caller }, thing, null, use), kind }, now)
  })
}

function shown(one: { title?: string; description?: string; icons?: Icon[]; meta?: JsonObject }): JsonObject {
  return {
    ...(one.title === undefined ? {} : { title: one.title }),
    ...(one.description === undefined ? {} : { description: one.description }),
    ...(one.icons ? { icons: one.icons as unknown as Json } : {}),
    ...(one.meta ? { _meta: one.meta } : {}),
  }
}

function askedFor(method: OfferedMethod, params: JsonObject): { name: string; kind: Kind; args: JsonObject } | null {
  if (method === 'completion/complete') return completionAsked(params)
  const name = params[method === 'prompts/get' ? 'name' : 'uri']
  if (typeof name !== 'string') return null
  if (method === 'resources/read') return { name, kind: 'resource', args: { uri: name } }
  const args = params['arguments'] ?? {}
  return isObject(args) ? { name, kind: 'prompt', args: args as JsonObject } : null
}

/** Rules see what has been typed so far under the names of the arguments. */
function completionAsked({ ref, argument, context }: JsonObject): ReturnType<typeof askedFor> {
  if (!isObject(ref) || !isObject(argument)) return null
  const { name: typed, value } = argument
  const name = ref['type'] === 'ref/prompt' ? ref['name'] : ref['uri']
  if (typeof typed !== 'string' || typeof value !== 'string' || typeof name !== 'string') return null
  const before = isObject(context) && isObject(context['arguments']) ? (context['arguments'] as JsonObject) : {}
  return { name, kind: ref['type'] === 'ref/prompt' ? 'prompt' : 'resource', args: { ...before, [typed]: value } }
}

const resultOf = (value: Json | undefined): JsonObject => (isObject(value) ? (value as JsonObject) : {})

/** One answer for what does not exist, here or at its server, and what is not allowed (attack case 63). */
function inOtherWords(error: Refusal, method: OfferedMethod, name: string): Refusal {
  const hidden = error.code === 'runtime/unknown_tool' || error.code === 'policy/denied'
  const missing = hidden || (method === 'resources/read' && error.code === 'upstream/invalid_params')
  if (!missing) return error
  const data = method === 'resources/read' ? { data: { uri: name } } : {}
  return { ...error, message: 'This does not exist here, or may not be used.', ...data }
}
