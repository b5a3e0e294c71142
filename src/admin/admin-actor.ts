import type { JsonObject } from '../core/json.ts'
import type { Admin } from '../identity/identity.ts'

/**
 * An administrator in the record: `key:{id}` stands where a person's id stands, so that the record can be searched by who
 * changed something, and what tells who that is can be erased like everything about a person. `by` is the key's id alone.
 */
export function adminActor({ keyId, name }: Pick<Admin, 'keyId' | 'name'>): {
  user: string
  by: string
  payload: JsonObject
} {
  const by = keyId ?? name
  return { user: `key:${by}`, by, payload: { user: { name } } }
}
