import { base64url, sha256 } from '../core/bytes.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { canonicalJson, isObject } from '../core/json.ts'
import { vettedMeta, vettedPageMeta } from './vetted-meta.ts'

export type DefinitionKind = 'tool' | 'prompt' | 'resource' | 'template'

/** What names a thing at its server. Null when it has no usable name. */
export function definitionName(kind: DefinitionKind, definition: JsonObject): string | null {
  const name = definition[kind === 'resource' ? 'uri' : kind === 'template' ? 'uriTemplate' : 'name']
  return typeof name === 'string' && name !== '' && name.length <= 1000 ? name : null
}

/**
 * SHA-256 (base64url) over the canonical JSON (RFC 8785) of everything that a model, a client or a rule may see of it. What
 * changes by itself is left out: a resource's size and date, and metadata that goes to nobody.
 */
export async function definitionHash(kind: DefinitionKind, definition: JsonObject): Promise<string> {
  return base64url(await sha256(canonicalJson(canonicalDefinition(kind, definition))))
}

export function canonicalDefinition(kind: DefinitionKind, definition: JsonObject): JsonObject {
  const { _meta: _, size: _size, annotations, ...rest } = definition
  const stable = isObject(annotations) ? withoutDate(annotations as JsonObject) : annotations
  const meta = kind === 'resource' || kind === 'template' ? vettedPageMeta(definition) : vettedMeta(definition)
  return { kind, ...rest, ...(stable === undefined ? {} : { annotations: stable }), ...(meta ? { meta } : {}) }
}

function withoutDate(annotations: JsonObject): JsonObject {
  const { lastModified: _, ...rest } = annotations
  return rest
}

/** One line of what changed. Text as it is: whoever shows it makes invisible characters visible. */
export type Difference = { path: string; before?: Json; after?: Json }

/** Every difference: what is decided by them must see them all. Texts first, because that is what a model obeys. */
export function definitionDifferences(kind: DefinitionKind, before: JsonObject, after: JsonObject): Difference[] {
  const found: Difference[] = []
  compare(canonicalDefinition(kind, before), canonicalDefinition(kind, after), '', found)
  return found.toSorted((one, other) => rank(one) - rank(other))
}

const maxListed = 200

/** What is shown and recorded of them, and how many are not. */
export function listedDifferences(all: readonly Difference[]): {
  differences: Difference[]
  differencesLeftOut: number
} {
  return { differences: all.slice(0, maxListed), differencesLeftOut: Math.max(0, all.length - maxListed) }
}

function rank({ path, before, after }: Difference): number {
  if (path === 'description' || path === 'title') return 0
  return typeof before === 'string' || typeof after === 'string' ? 1 : 2
}

function compare(before: Json | undefined, after: Json | undefined, path: string, found: Difference[]): void {
  const both = before !== undefined && after !== undefined
  if (both && canonicalJson(before) === canonicalJson(after)) return
  if (!isObject(before) || !isObject(after)) {
    if (before === undefined && after === undefined) return
    found.push({ path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) })
    return
  }
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const one = Object.hasOwn(before, name) ? (before[name] as Json) : undefined
    const other = Object.hasOwn(after, name) ? (after[name] as Json) : undefined
    compare(one, other, path === '' ? name : `${path}.${name}`, found)
  }
}
