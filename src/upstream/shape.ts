import { tasksExtension, uiExtension, uiPages } from '../core/call.ts'
import type { JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import type { UpstreamMethod } from './api.ts'

const maxDepth = 64

/** A result of the method's shape, or null. Deeper nesting than our own limit for requests is refused: what follows recurses. */
export function readResult(method: UpstreamMethod, value: unknown): JsonObject | null {
  if (!isObject(value) || !shallow(value)) return null
  const result = value as JsonObject
  switch (method) {
    case 'tools/call':
      return toolResult(result)
    case 'prompts/get':
      return listOf(result['messages'], (one) => isObject(one['content']) && typeof one['role'] === 'string')
        ? result
        : null
    case 'resources/read':
      return listOf(result['contents'], (one) => typeof one['uri'] === 'string') ? result : null
    case 'completion/complete':
      return isObject(result['completion']) && Array.isArray(result['completion']['values']) ? result : null
  }
}

function toolResult(result: JsonObject): JsonObject | null {
  // Some older servers leave `content` out when there is structured content.
  const content = result['content'] ?? ('structuredContent' in result ? [] : undefined)
  if (!listOf(content, isContent)) return null
  if ('isError' in result && typeof result['isError'] !== 'boolean') return null
  return content === result['content'] ? result : { ...result, content: content ?? null }
}

/** The members that everybody reads of a block; a type that is not known yet goes on as it is. */
function isContent({ type, text, data, uri, resource }: JsonObject): boolean {
  if (type === 'text') return typeof text === 'string'
  if (type === 'image' || type === 'audio') return typeof data === 'string'
  if (type === 'resource_link') return typeof uri === 'string'
  if (type === 'resource') return isObject(resource) && typeof resource['uri'] === 'string'
  return typeof type === 'string'
}

function listOf(value: unknown, test: (one: JsonObject) => boolean): boolean {
  return Array.isArray(value) && value.every((one) => isObject(one) && test(one as JsonObject))
}

/** Without recursion: a result of 200,000 nested arrays is valid JSON (attack case 46). */
export function shallow(value: unknown): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) return false
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []))
  }
  return true
}

/** MCP 2026-07-28 §Client Capabilities, in this order: what a client makes up would be a connection of its own each time. */
const members: Readonly<Record<string, readonly string[]>> = {
  elicitation: ['form', 'url'],
  sampling: ['context', 'tools'],
  roots: [],
}

/**
 * Where we ask for ourselves and not for a client: what a server offers, and what changes. Some leave tools with a page out for
 * whoever shows none (SEP-1865).
 */
export const ownCapabilities: JsonObject = { extensions: { [uiExtension]: { mimeTypes: [uiPages] } } }

/** What we ever declare to an upstream, and only if our own client declared it. */
export function declaredCapabilities(client: JsonObject): JsonObject {
  const declared: JsonObject = {}
  for (const [name, known] of Object.entries(members)) {
    const said = client[name]
    if (!isObject(said)) continue
    const kept = known.filter((member) => Object.hasOwn(said, member) && isObject(said[member]))
    declared[name] = Object.fromEntries(kept.map((member) => [member, {}]))
  }
  const extensions = declaredExtensions(client['extensions'])
  return Object.keys(extensions).length > 0 ? { ...declared, extensions } : declared
}

function declaredExtensions(client: unknown): JsonObject {
  if (!isObject(client)) return {}
  const { [uiExtension]: ui, [tasksExtension]: tasks } = client
  const shown = isObject(ui) && Array.isArray(ui['mimeTypes']) && ui['mimeTypes'].includes(uiPages)
  return {
    ...(isObject(ui) && { [uiExtension]: shown ? { mimeTypes: [uiPages] } : {} }),
    ...(isObject(tasks) && { [tasksExtension]: {} }),
  }
}

/** The same, and a task may be the answer. */
export function withTasks(declared: JsonObject): JsonObject {
  const { extensions } = declared
  return {
    ...declared,
    extensions: { ...(isObject(extensions) ? (extensions as JsonObject) : {}), [tasksExtension]: {} },
  }
}

const capabilityOf: Record<string, string> = {
  'elicitation/create': 'elicitation',
  'sampling/createMessage': 'sampling',
  'roots/list': 'roots',
}

/** Whether our client said it can answer this. */
export function mayAsk(request: unknown, declared: JsonObject): boolean {
  if (!isObject(request) || typeof request['method'] !== 'string') return false
  const capability = declared[capabilityOf[request['method']] ?? '']
  if (!isObject(capability)) return false
  const params = request['params']
  if (request['method'] !== 'elicitation/create' || !isObject(params)) return true
  // `{}` means form only (MCP 2026-07-28, client/elicitation §Capabilities).
  return params['mode'] === 'url' ? isObject(capability['url']) : 'form' in capability || !('url' in capability)
}
