import type { Json, JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'

/** Beyond this many schemas for one value, a schema is made to slow down whoever checks it. Honest ones need a few dozen. */
const mostPerValue = 2_000

/**
 * Whether a schema asks for a bounded amount of work: none of its parts comes back to itself without going into the value, and
 * none multiplies (attack case 51). Both can be written in a few lines of `$ref`, and would hold the session.
 */
export function isBounded(schema: JsonObject): boolean {
  const costs = new Map<JsonObject, number>()
  const open = new Set<JsonObject>()

  const cost = (at: Json | undefined): number => {
    if (!isObject(at)) return 1
    const one = at as JsonObject
    const known = costs.get(one)
    if (known !== undefined) return known
    if (open.has(one)) return Infinity
    open.add(one)
    let sum = 1
    for (const part of inPlace(one, schema)) sum = Math.min(sum + cost(part), Infinity)
    open.delete(one)
    costs.set(one, sum)
    return sum
  }

  const all: Json[] = [schema]
  const seen = new Set<Json>()
  for (let at = all.pop(); at !== undefined; at = all.pop()) {
    if (typeof at !== 'object' || at === null || seen.has(at)) continue
    seen.add(at)
    if (isObject(at) && cost(at as JsonObject) > mostPerValue) return false
    all.push(...Object.values(at))
  }
  return true
}

const lists = ['allOf', 'anyOf', 'oneOf'] as const
const singles = ['not', 'if', 'then', 'else'] as const

/** The parts that are asked about the same value. */
function inPlace(at: JsonObject, root: JsonObject): (Json | undefined)[] {
  const parts: (Json | undefined)[] = singles.flatMap((name) => (Object.hasOwn(at, name) ? [at[name]] : []))
  for (const name of lists) {
    const list = Object.hasOwn(at, name) ? at[name] : undefined
    if (Array.isArray(list)) parts.push(...list)
  }
  const dependent = Object.hasOwn(at, 'dependentSchemas') ? at['dependentSchemas'] : undefined
  if (isObject(dependent)) parts.push(...Object.values(dependent as JsonObject))
  for (const name of ['$ref', '$dynamicRef', '$recursiveRef']) {
    const ref = Object.hasOwn(at, name) ? at[name] : undefined
    if (typeof ref === 'string') parts.push(resolve(ref, root))
  }
  return parts
}

/** RFC 6901 within the document. Anything else the checker resolves, or refuses. */
function resolve(ref: string, root: JsonObject): Json | undefined {
  if (ref === '#') return root
  if (!ref.startsWith('#/')) return undefined
  let at: Json | undefined = root
  for (const part of ref.slice(2).split('/')) {
    const name = decodePart(part)
    if (Array.isArray(at)) at = at[Number(name)]
    else at = isObject(at) && Object.hasOwn(at, name) ? (at as JsonObject)[name] : undefined
  }
  return at
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
  } catch {
    return part
  }
}
