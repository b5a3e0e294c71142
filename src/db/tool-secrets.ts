import { and, eq, inArray } from 'drizzle-orm'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { KeyRing } from '../core/seal.ts'
import { openSecret, sealSecret } from '../core/seal.ts'
import type { Db } from './db.ts'
import { secrets } from './schema.ts'

const context = (project: string, name: string): readonly string[] => ['tool_secret', project, name]

export function sealToolSecret(ring: KeyRing, project: string, name: string, value: string): Promise<string> {
  return sealSecret(ring, context(project, name), value)
}

/** All of `names` or a refusal: a tool never runs with half of its secrets. Errors: `vault/secret_missing`. */
export async function readToolSecrets(
  db: Db,
  ring: KeyRing,
  project: string,
  names: readonly string[],
): Promise<Result<ReadonlyMap<string, string>>> {
  const found = new Map<string, string>()
  const rows = await db
    .select({ name: secrets.name, sealed: secrets.sealed })
    .from(secrets)
    .where(and(eq(secrets.project, project), inArray(secrets.name, [...names])))
  for (const { name, sealed } of rows) {
    const opened = await openSecret(ring, context(project, name), sealed)
    if (opened.ok) found.set(name, opened.value)
  }
  const missing = names.filter((name) => !found.has(name))
  return missing.length > 0 ? refuse('vault/secret_missing', { evidence: { missing } }) : ok(found)
}
