import type { Json, JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import type { AuditEvent } from './event.ts'
import type { Redacted, RedactionMode } from './redact.ts'
import { defaultArgumentsMode, defaultResultMode, measure, redact } from './redact.ts'
import type { DigestKey } from '../core/sha256.ts'

/** How much of a call is kept: per gateway, and what the tool's definition marks. */
export type PayloadPolicy = {
  /** Default `redacted`. */
  arguments?: RedactionMode
  /** Default `metadata`. */
  result?: RedactionMode
  /** JSON pointers into the arguments and into the structured result. */
  sensitive?: readonly string[]
  /** More member names whose values are hidden. */
  names?: readonly string[]
}

/**
 * Redacts a payload before anything is stored. `payload.arguments` and `payload.result` follow the policy; whatever else
 * is there is always redacted. Digests, lengths and counts become attributes, so that equal values can be correlated
 * although nobody sees them.
 */
export function redactEvent(given: AuditEvent, policy: PayloadPolicy, digestKey: DigestKey): AuditEvent {
  const event = namesWhatItWants(given) ? withPlainNames(given, digestKey) : given
  if (event.payload === undefined) return event
  const names = policy.names ?? []
  const sensitive = policy.sensitive ?? []
  const kept: JsonObject = {}
  const attributes: JsonObject = { ...event.attributes }
  let redactions = 0
  let cut = 0
  for (const [name, value] of Object.entries(event.payload)) {
    const mode = modeOf(name, policy)
    const pointers = name === 'result' ? resultPointers(sensitive) : name === 'arguments' ? sensitive : []
    const part = redact(value, { mode, digestKey, names, sensitive: pointers })
    redactions += part.redactions
    cut += part.cut
    if (part.value !== undefined)
      kept[name] = name === 'result' ? withoutSensitiveText(value, part, sensitive) : part.value
    if ((name === 'arguments' || name === 'result') && mode !== 'none') {
      const { digest, length } = measure(value, digestKey)
      attributes[`behalf.${name}.digest`] = digest
      attributes[`behalf.${name}.length`] = length
    }
  }
  if (redactions > 0) attributes['behalf.redactions'] = redactions
  if (cut > 0) attributes['behalf.cut'] = cut
  const { payload: _, ...rest } = event
  return { ...rest, attributes, ...(Object.keys(kept).length > 0 ? { payload: kept } : {}) }
}

/** A tool that nobody defined, the URI of a resource and the label of a task are whatever the agent wrote. */
function namesWhatItWants({ type, attributes }: AuditEvent): boolean {
  if (!type.startsWith('tool.')) return false
  const isDefined = attributes['behalf.tool.definition.sha256'] !== undefined
  return !isDefined || attributes['mcp.method.name'] !== 'tools/call' || attributes['behalf.task'] !== undefined
}

const written = ['gen_ai.tool.name', 'gen_ai.prompt.name', 'mcp.resource.uri', 'behalf.task']

/** They stand in the leaf, which nobody can erase: a secret in them is hidden in every mode. */
function withPlainNames(event: AuditEvent, digestKey: DigestKey): AuditEvent {
  const plain = <T>(value: T): T =>
    typeof value === 'string' ? (redact(value, { mode: 'redacted', digestKey }).value as T) : value
  const attributes = { ...event.attributes }
  for (const name of written) if (attributes[name] !== undefined) attributes[name] = plain(attributes[name])
  return { ...event, ...(event.tool === undefined ? {} : { tool: plain(event.tool) }), attributes }
}

function modeOf(name: string, policy: PayloadPolicy): RedactionMode {
  if (name === 'arguments') return policy.arguments ?? defaultArgumentsMode
  if (name === 'result') return policy.result ?? defaultResultMode
  return 'redacted'
}

/** A result is `{ content, structuredContent }`; the tool's own pointers begin below `structuredContent`. */
const resultPointers = (sensitive: readonly string[]): string[] =>
  sensitive.flatMap((pointer) => [pointer, `/structuredContent${pointer}`])

/** MCP repeats the structured result as text: what is sensitive there must not show in the prose either. */
function withoutSensitiveText(original: Json, part: Redacted, sensitive: readonly string[]): Json {
  const { value } = part
  if (sensitive.length === 0 || !isObject(original) || !isObject(value)) return value ?? null
  const found = sensitive.flatMap((pointer) => [
    ...valuesAt(original['structuredContent'] as Json, pointer.split('/').slice(1)),
  ])
  const texts = found.filter((text) => text.length >= 4).toSorted((a, b) => b.length - a.length)
  if (texts.length === 0) return value as JsonObject
  const scrub = (item: Json): Json => {
    if (typeof item === 'string')
      return texts.reduce((text, secret) => text.replaceAll(secret, '[redacted:sensitive]'), item)
    if (Array.isArray(item)) return item.map(scrub)
    if (item === null || typeof item !== 'object') return item
    return Object.fromEntries(Object.entries(item).map(([name, inner]) => [name, scrub(inner)]))
  }
  return scrub(value as JsonObject)
}

function* valuesAt(value: Json | undefined, path: readonly string[]): Generator<string> {
  if (value === undefined || value === null) return
  const [name, ...rest] = path
  if (name === undefined) {
    if (typeof value === 'string' || typeof value === 'number') yield String(value)
    else if (typeof value === 'object') for (const inner of Object.values(value)) yield* valuesAt(inner as Json, [])
    return
  }
  if (typeof value !== 'object') return
  const key = name.replaceAll('~1', '/').replaceAll('~0', '~')
  for (const [own, inner] of Object.entries(value)) if (key === '*' || own === key) yield* valuesAt(inner as Json, rest)
}
