import { base64, fromBase64, fromUtf8, utf8 } from './bytes.ts'
import type { Json, JsonObject } from './json.ts'
import { isObject } from './json.ts'

type Declared = { path: readonly string[]; header: string }

/** RFC 9110 §5.6.2. */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/
const declared = new WeakMap<JsonObject, readonly Declared[]>()

/**
 * `Mcp-Param-*` headers for arguments whose schema carries `x-mcp-header` (MCP 2026-07-28, SEP-2243): string, integer and
 * boolean properties reached by `properties` alone. Values that a header cannot carry go as `=?base64?…?=`, so nothing that
 * a model writes can end a header (attack case 52).
 */
export function paramHeaders(inputSchema: JsonObject, args: JsonObject): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const { path, header } of declaredIn(inputSchema)) {
    const text = textAt(args, path)
    if (text !== undefined) headers[`mcp-param-${header}`] = headerValue(text)
  }
  return headers
}

/** The headers of a request say for every declared parameter what its arguments say: neither more, nor less, nor otherwise. */
export function paramHeadersFit(
  inputSchema: JsonObject,
  args: JsonObject,
  headers: Readonly<Record<string, string>>,
): boolean {
  return declaredIn(inputSchema).every(({ path, header }) => {
    const sent = headers[`mcp-param-${header}`]
    return (sent === undefined ? undefined : decode(sent)) === textAt(args, path)
  })
}

/**
 * What is wrong with a declaration, and where: clients have to leave out a tool that has one (SEP-2243). Null: nothing is.
 * A name twice would let one argument speak for another.
 */
export function paramHeadersFault(inputSchema: JsonObject): string | null {
  const names = new Set<string>()
  for (const { path, name, simple } of wished(inputSchema, [])) {
    const at = path.join('.').slice(0, 200)
    if (typeof name !== 'string' || !token.test(name)) return `${at}: not a header name`
    if (!simple) return `${at}: not text, a whole number or a truth value`
    if (names.has(name.toLowerCase())) return `${at}: the name is another's`
    names.add(name.toLowerCase())
  }
  return null
}

function declaredIn(inputSchema: JsonObject): readonly Declared[] {
  let known = declared.get(inputSchema)
  if (!known) declared.set(inputSchema, (known = [...declarations(inputSchema, [])]))
  return known
}

function* declarations(schema: JsonObject, path: readonly string[]): Generator<Declared> {
  for (const { path: at, name, simple } of wished(schema, path)) {
    if (typeof name === 'string' && simple && token.test(name)) yield { path: at, header: name.toLowerCase() }
  }
}

type Wished = { path: readonly string[]; name: Json; simple: boolean }

function* wished(schema: JsonObject, path: readonly string[]): Generator<Wished> {
  if (path.length > 32) return
  const { type, properties } = schema
  const simple = type === 'string' || type === 'integer' || type === 'boolean'
  if (path.length > 0 && Object.hasOwn(schema, 'x-mcp-header')) {
    yield { path, name: schema['x-mcp-header'] ?? null, simple }
  }
  if (!isObject(properties)) return
  for (const [name, child] of Object.entries(properties)) {
    if (isObject(child)) yield* wished(child as JsonObject, [...path, name])
  }
}

function textAt(args: JsonObject, path: readonly string[]): string | undefined {
  let at: Json | undefined = args
  for (const name of path) at = isObject(at) && Object.hasOwn(at, name) ? (at[name] as Json) : undefined
  if (typeof at === 'string') return at
  return typeof at === 'boolean' || (typeof at === 'number' && Number.isSafeInteger(at)) ? String(at) : undefined
}

const plain = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/

/** As it is, or `=?base64?…?=` when a header cannot carry it (SEP-2243). */
export function headerValue(value: string): string {
  const asIs = plain.test(value) && !/^=\?base64\?.*\?=$/.test(value)
  return asIs ? value : `=?base64?${base64(utf8(value))}?=`
}

/** Null: it says that it is base64 of UTF-8, and is not. Compared with what is there, it fits nothing. */
function decode(header: string): string | null {
  const inner = /^=\?base64\?(.*)\?=$/.exec(header)?.[1]
  if (inner === undefined) return header
  if (inner.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(inner)) return null
  try {
    return fromUtf8(fromBase64(inner))
  } catch {
    return null
  }
}
