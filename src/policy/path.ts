import { z } from 'zod'
import type { Json } from '../core/json.ts'

/** Names that reach an object's prototype in careless code. Refused in rules; in arguments they are plain data (attack case 47). */
const reserved = new Set(['__proto__', 'constructor', 'prototype'])

const segment = z
  .string()
  .min(1)
  .max(200)
  .refine((name) => !reserved.has(name), { error: 'This name is reserved and may not be used in a path.' })

const names = z.array(segment).min(1).max(16)

/** `amount`, `order.total`, or `["a.b", "c"]` where a name has a dot in it. A number picks an element of an array. */
export const pathSchema = z.union([
  z
    .string()
    .min(1)
    .max(400)
    .refine((path) => names.safeParse(path.split('.')).success, {
      error: 'A path is names with dots between them, such as order.total.',
    }),
  names,
])

export type Path = z.infer<typeof pathSchema>

export function splitPath(path: Path): readonly string[] {
  return typeof path === 'string' ? path.split('.') : path
}

export const showPath = (path: Path): string => (typeof path === 'string' ? path : JSON.stringify(path))

/** Own properties only. Undefined when it is not there; null is not there either, because many clients send null for "not given". */
export function lookUp(from: Json | undefined, path: readonly string[]): Json | undefined {
  let at: Json | undefined = from
  for (const name of path) {
    if (typeof at !== 'object' || at === null) return undefined
    if (Array.isArray(at)) at = /^(0|[1-9]\d{0,5})$/.test(name) ? at[Number(name)] : undefined
    else at = Object.hasOwn(at, name) ? at[name] : undefined
  }
  return at ?? undefined
}
