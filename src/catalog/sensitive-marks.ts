import type { Json, JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'

const maxDepth = 8
const maxMarks = 100

/**
 * JSON pointers to what a schema marks as not to be shown: `x-sensitive`, `writeOnly` (JSON Schema validation §9.4) and
 * `format: password` (OpenAPI). A mark only ever hides more, so a server we do not trust may set it.
 */
export function sensitiveIn(...schemas: (JsonObject | undefined)[]): string[] {
  const found = schemas.flatMap((schema) => (schema === undefined ? [] : [...marks(schema, '', 0)]))
  return [...new Set(found)].filter((pointer) => pointer !== '').slice(0, maxMarks)
}

function* marks(schema: Json | undefined, at: string, depth: number): Generator<string> {
  if (!isObject(schema) || depth > maxDepth) return
  const { properties, items } = schema as JsonObject
  if (schema['x-sensitive'] === true || schema['writeOnly'] === true || schema['format'] === 'password') yield at
  for (const [name, one] of Object.entries(isObject(properties) ? properties : {}))
    yield* marks(one as Json, `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, depth + 1)
  yield* marks(items, `${at}/*`, depth + 1)
}
