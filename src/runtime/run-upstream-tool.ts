import { cutPage } from '../catalog/catalog.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import type { Refusal, Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { ContentBlock, Tool, ToolOutput } from '../core/tool.ts'
import type {
  UpstreamCredential,
  UpstreamReply,
  UpstreamRequest,
  Upstreams,
  UpstreamTarget,
} from '../upstream/upstream.ts'
import type { RunReply, ToolCall } from './ports.ts'

export type UpstreamUse = {
  upstreams: Upstreams
  target: UpstreamTarget
  credential: UpstreamCredential
  /** After a 401, or a 403 that asks for more. Absent: there is nothing else to try. */
  renew?: (refused: Refusal) => Promise<Result<UpstreamCredential>>
  trace: { traceparent: string; tracestate?: string }
}

/** Sends the call on to the server it belongs to, with nothing the client sent beside its arguments and what it can be asked. */
export async function runUpstreamTool(
  call: ToolCall,
  tool: Tool,
  args: JsonObject,
  use: UpstreamUse,
  saw: (facts: JsonObject) => void,
): Promise<Result<RunReply>> {
  if (tool.source.kind !== 'upstream') return refuse('runtime/unknown_tool')
  const { remoteName, taskOnly } = tool.source
  const { behaviour } = tool
  const { resumed } = call
  let attempts = 0
  const send = (credential: UpstreamCredential) => {
    saw({ 'behalf.attempts': ++attempts })
    return use.upstreams.request(use.target, {
      ...remoteRequest(call, remoteName, args),
      ...(call.about ? {} : { inputSchema: tool.inputSchema }),
      ...(taskOnly ? { asTask: true } : {}),
      credential,
      capabilities: call.features.capabilities,
      repeatable: behaviour.operation === 'read' || behaviour.idempotent,
      trace: use.trace,
      signal: call.signal,
      ...(call.onProgress ? { onProgress: call.onProgress } : {}),
      ...(call.onLog ? { onLog: call.onLog } : {}),
      ...(call.onTask ? { onTask: call.onTask } : {}),
      // 2025-x has no way to say it.
      ...(call.features.era === 'legacy' ? { waits: true } : {}),
      ...(call.logLevel === undefined ? {} : { logLevel: call.logLevel }),
      ...(resumed?.state.upstream === undefined
        ? {}
        : { resume: { responses: resumed.responses, state: resumed.state.upstream } }),
    })
  }
  const first = await send(use.credential)
  if (first.ok || first.error.code !== 'upstream/authorization_needed' || !use.renew)
    return toRunReply(first, call, tool)
  const renewed = await use.renew(first.error)
  return renewed.ok ? toRunReply(await send(renewed.value), call, tool) : renewed
}

/** The upstream's own name instead of ours. */
function remoteRequest(
  { about }: ToolCall,
  remoteName: string,
  args: JsonObject,
): Pick<UpstreamRequest, 'method' | 'params'> {
  const method = about?.method ?? 'tools/call'
  if (method === 'resources/read') return { method, params: { uri: remoteName } }
  if (method !== 'completion/complete') return { method, params: { name: remoteName, arguments: args } }
  const { argument = null, context } = about?.params ?? {}
  const ref =
    about?.kind === 'prompt' ? { type: 'ref/prompt', name: remoteName } : { type: 'ref/resource', uri: remoteName }
  return { method, params: { ref, argument, ...(context === undefined ? {} : { context }) } }
}

function toRunReply(reply: Result<UpstreamReply>, { about, features }: ToolCall, { meta }: Tool): Result<RunReply> {
  // The error and its code came with 2026-07-28.
  const early = features.era === 'legacy' && !reply.ok && reply.error.code === 'upstream/capability_missing'
  if (early) return refuse('mcp/not_answerable')
  if (!reply.ok) return reply
  if (reply.value.kind === 'input_required') return ok(reply.value)
  const { result } = reply.value
  return ok({
    kind: 'output',
    output: about ? { content: [], structuredContent: shownPart(result, meta) } : outputOf(result),
  })
}

/** What prompts, resources and completions answer with, by the method's schema. */
function shownPart({ description, messages, contents, completion }: JsonObject, meta: Tool['meta']): JsonObject {
  return {
    ...(description === undefined ? {} : { description }),
    ...(messages === undefined ? {} : { messages: withoutPages(messages) }),
    ...(Array.isArray(contents) ? { contents: contents.map((one) => withAdmittedPage(one, meta)) } : {}),
    ...(completion === undefined ? {} : { completion }),
  }
}

/** Of a resource's metadata only what a client needs to show an app's page (SEP-1865), and no more than was admitted. */
function withAdmittedPage(content: Json, meta: Tool['meta']): Json {
  if (!isObject(content)) return content
  const { _meta: said, ...rest } = content as JsonObject
  const ui = isObject(said) ? said['ui'] : undefined
  return isObject(ui) ? { ...rest, _meta: { ui: cutPage(ui, (meta?.['pages'] ?? []) as JsonObject[]) } } : rest
}

/** What of a result goes on. Its `_meta` is between the upstream and us. */
function outputOf(result: JsonObject): ToolOutput {
  const { content, structuredContent, isError } = result
  return {
    content: withoutPages(content ?? null) as ContentBlock[],
    ...(structuredContent === undefined ? {} : { structuredContent }),
    ...(isError === true ? { isError } : {}),
  }
}

/** A page that comes with a result was admitted by nobody: what it says of itself stays behind. The very same value where none does. */
function withoutPages(value: Json): Json {
  if (Array.isArray(value)) return value.some(saysPage) ? value.map(withoutPages) : value
  if (!isObject(value) || !saysPage(value)) return value
  const { _meta: meta, ...rest } = value as JsonObject
  const { ui: _, ...kept } = isObject(meta) ? (meta as JsonObject) : {}
  return {
    ...rest,
    ...(Object.keys(kept).length > 0 ? { _meta: kept } : {}),
    ...(rest['resource'] === undefined ? {} : { resource: withoutPages(rest['resource']) }),
    ...(rest['content'] === undefined ? {} : { content: withoutPages(rest['content']) }),
  }
}

/** A block, the resource in it, or the message around it. */
function saysPage(value: Json): boolean {
  if (Array.isArray(value)) return value.some(saysPage)
  if (!isObject(value)) return false
  const { _meta: meta, resource, content } = value as JsonObject
  if (isObject(meta) && meta['ui'] !== undefined) return true
  return (resource !== undefined && saysPage(resource)) || (content !== undefined && saysPage(content))
}
