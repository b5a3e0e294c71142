import type { Json, JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'

/** People have more than one account at a service. Null where the tool has an argument of that name already. */
export function withAccount(schema: JsonObject): JsonObject | null {
  const { properties = {} } = schema
  if (!isObject(properties) || Object.hasOwn(properties, 'account')) return null
  const account = { type: 'string', description: 'Which connected account, if the person has several and names one.' }
  return { ...schema, properties: { ...(properties as Record<string, Json>), account } }
}
