import type { Json, JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'

/**
 * The SDK hands over a copy without keys such as `__proto__`. What is decided and what is carried out have to be the same
 * arguments, so they are taken from the body itself (attack cases 47 and 50).
 */
export function rawParams(body: Json | undefined, id: string | number): JsonObject {
  const message = Array.isArray(body) ? body.find((one) => isObject(one) && one['id'] === id) : body
  return asObject(isObject(message) ? message['params'] : undefined)
}

export const asObject = (value: unknown): JsonObject => (isObject(value) ? (value as JsonObject) : {})
