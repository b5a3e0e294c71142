import type { Json } from '../core/json.ts'
import { canonicalJson, isObject } from '../core/json.ts'

/** One place where two documents differ. Without `before` it was added, without `after` taken away. */
export type Difference = { path: string; before?: Json; after?: Json }

/**
 * Where two values differ, in the order of the newer. Entries of a list are told apart by their `id` where they have one, so
 * that a rule put in the middle does not change every rule after it; other lists entry by entry, by their value.
 */
export function diff(before: Json | undefined, after: Json | undefined): Difference[] {
  return differences(before, after, '')
}

function differences(before: Json | undefined, after: Json | undefined, path: string): Difference[] {
  if (before === undefined && after === undefined) return []
  if (before !== undefined && after !== undefined) {
    if (canonicalJson(before) === canonicalJson(after)) return []
    if (Array.isArray(before) && Array.isArray(after)) return ofLists(before, after, path)
    if (isObject(before) && isObject(after)) return ofObjects(before as Fields, after as Fields, path)
  }
  return [{ path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }]
}

type Fields = { [key: string]: Json }

function ofObjects(before: Fields, after: Fields, path: string): Difference[] {
  const names = [...Object.keys(after), ...Object.keys(before).filter((name) => !Object.hasOwn(after, name))]
  const own = (fields: Fields, name: string): Json | undefined =>
    Object.hasOwn(fields, name) ? fields[name] : undefined
  return names.flatMap((name) =>
    differences(own(before, name), own(after, name), path === '' ? name : `${path}.${name}`),
  )
}

function ofLists(before: readonly Json[], after: readonly Json[], path: string): Difference[] {
  const old = keyed(before)
  const now = keyed(after)
  const gone = [...old].filter(([key]) => !now.has(key))
  const found = [...now].flatMap(([key, value]) => differences(old.get(key), value, `${path}[${key}]`))
  found.push(...gone.flatMap(([key, value]) => differences(value, undefined, `${path}[${key}]`)))
  return found.length > 0 ? found : [{ path, before: [...before], after: [...after] }]
}

/** By id, else by value and how often that came before: order alone is then no difference, and is told as one of the list. */
function keyed(items: readonly Json[]): Map<string, Json> {
  const seen = new Map<string, Json>()
  for (const item of items) {
    const name = isObject(item) ? (item['id'] ?? item['toolkit'] ?? item['upstream'] ?? item['worker']) : item
    const base = typeof name === 'string' ? name : canonicalJson(item)
    let key = base
    for (let i = 2; seen.has(key); i++) key = `${base} (${i})`
    seen.set(key, item)
  }
  return seen
}
