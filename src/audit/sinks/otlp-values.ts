import type { Json, JsonObject } from '../../core/json.ts'

/** Trace and span ids of W3C Trace Context: lower-case hex, not all zero. */
export const isId = (value: Json | undefined, length: number): value is string =>
  typeof value === 'string' && value.length === length && /^[0-9a-f]+$/.test(value) && !/^0+$/.test(value)

/** 64-bit integers are decimal text in OTLP's JSON. */
export const nanoseconds = (ms: number): string => `${BigInt(Math.round(ms * 1000)) * 1000n}`

export const keyValues = (attributes: Readonly<Record<string, Json>>): JsonObject[] =>
  Object.entries(attributes)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => ({ key, value: anyValue(value) }))

function anyValue(value: Json): JsonObject {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'number') return Number.isSafeInteger(value) ? { intValue: `${value}` } : { doubleValue: value }
  if (value === null) return {}
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } }
  return { kvlistValue: { values: keyValues(value) } }
}
