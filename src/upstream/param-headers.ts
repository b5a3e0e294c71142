import { base64, utf8 } from '../core/bytes.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'

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
  let known = declared.get(inputSchema)
  if (!known) declared.set(inputSchema, (known = [...declarations(inputSchema, [])]))
  const headers: Record<string, string> = {}
  for (const { path, header } of known) {
    const value = valueAt(args, path)
    if (typeof value === 'string') headers[`mcp-param-${header}`] = encode(value)
    if (typeof value === 'boolean' || (typeof value === 'number' && Number.isSafeInteger(value))) {
      headers[`mcp-param-${header}`] = String(value)
    }
  }
  return headers
}

function* declarations(schema: JsonObject, path: readonly string[]): Generator<Declared> {
  if (path.length > 32) return
  const header = schema['x-mcp-header']
  const { type } = schema
  const simple = type === 'string' || type === 'integer' || type === 'boolean'
  if (typeof header === 'string' && path.length > 0 && simple && token.test(header)) {
    yield { path, header: header.toLowerCase() }
  }
  const { properties } = schema
  if (!isObject(properties)) return
  for (const [name, child] of Object.entries(properties)) {
    if (isObject(child)) yield* declarations(child as JsonObject, [...path, name])
  }
}

function valueAt(args: JsonObject, path: readonly string[]): Json | undefined {
  let at: Json | undefined = args
  for (const name of path) at = isObject(at) && Object.hasOwn(at, name) ? (at[name] as Json) : undefined
  return at
}

const plain = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/

function encode(value: string): string {
  const asIs = plain.test(value) && !/^=\?base64\?.*\?=$/.test(value)
  return asIs ? value : `=?base64?${base64(utf8(value))}?=`
}
