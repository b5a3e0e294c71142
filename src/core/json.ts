import type { Result } from './result.ts'
import { ok, refuse } from './result.ts'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

export type JsonLimits = { maxDepth: number; maxKeys: number }
const defaults: JsonLimits = { maxDepth: 64, maxKeys: 10_000 }

/**
 * Parses JSON from outside. Refuses what a policy and an upstream could read differently:
 * duplicate keys, nesting and key counts beyond the limits, lone surrogates in keys, and a byte order mark
 * (attack case 46). Numbers keep JSON.parse's meaning; `policy` deals with those beyond 2^53.
 *
 * Errors: `core/invalid_json`.
 */
export function parseJson(text: string, limits: JsonLimits = defaults): Result<Json> {
  const fault = scan(text, limits)
  if (fault !== null) return refuse('core/invalid_json', { evidence: { fault } })
  try {
    return ok(JSON.parse(text) as Json)
  } catch {
    return refuse('core/invalid_json', { evidence: { fault: 'syntax' } })
  }
}

/** One pass over the text before JSON.parse, which accepts duplicate keys and 200,000 levels of nesting. */
function scan(text: string, limits: JsonLimits): string | null {
  if (text.charCodeAt(0) === 0xfeff) return 'byte_order_mark'
  const open: (Set<string> | null)[] = []
  let keys = 0
  let expectKey = false
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x22) {
      const end = endOfString(text, i)
      if (end < 0) return 'syntax'
      const names = open[open.length - 1]
      if (expectKey && names) {
        const name = readName(text.slice(i, end + 1))
        if (name === null) return 'syntax'
        if (names.has(name)) return 'duplicate_key'
        names.add(name)
        if (++keys > limits.maxKeys) return 'too_many_keys'
        expectKey = false
      }
      i = end
    } else if (c === 0x7b || c === 0x5b) {
      open.push(c === 0x7b ? new Set() : null)
      if (open.length > limits.maxDepth) return 'too_deep'
      expectKey = c === 0x7b
    } else if (c === 0x7d || c === 0x5d) {
      open.pop()
      expectKey = false
    } else if (c === 0x2c) {
      expectKey = open[open.length - 1] instanceof Set
    }
  }
  return null
}

function endOfString(text: string, start: number): number {
  let at = text.indexOf('"', start + 1)
  while (at > 0) {
    let backslashes = 0
    while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes++
    if (backslashes % 2 === 0) return at
    at = text.indexOf('"', at + 1)
  }
  return -1
}

function readName(literal: string): string | null {
  if (!literal.includes('\\')) return literal.slice(1, -1)
  try {
    const name: unknown = JSON.parse(literal)
    return typeof name === 'string' ? name : null
  } catch {
    return null
  }
}

/** JSON Canonicalization Scheme (RFC 8785): one text for one value, for hashes and signatures. */
export function canonicalJson(value: Json | undefined): string {
  if (value === undefined) return 'null'
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  let text = ''
  if (Array.isArray(value)) {
    for (const item of value) text += `,${canonicalJson(item)}`
    return `[${text.slice(1)}]`
  }
  for (const name of Object.keys(value).toSorted()) {
    const member = value[name]
    if (member !== undefined) text += `,${quoted(name)}:${canonicalJson(member)}`
  }
  return `{${text.slice(1)}}`
}

const quotedNames = new Map<string, string>()

/** Member names repeat from value to value; made-up ones must not fill the memory. */
function quoted(name: string): string {
  let text = quotedNames.get(name)
  if (text === undefined) {
    text = JSON.stringify(name)
    if (name.length <= 64 && quotedNames.size < 2_000) quotedNames.set(name, text)
  }
  return text
}

/** What RPC brought, as JSON: it carries cycles, dates and functions too. Undefined when it is no JSON or longer than that. */
export function jsonOf(value: unknown, maxLength: number): Json | undefined {
  try {
    const text = JSON.stringify(value) ?? ''
    return text.length <= maxLength ? (JSON.parse(text) as Json) : undefined
  } catch {
    return undefined
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
