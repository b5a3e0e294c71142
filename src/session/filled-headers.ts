import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'

const inBraces = /\{([A-Za-z0-9_]{1,64})\}/g

/** Names of the secrets that headers such as `Bearer {LINEAR_KEY}` need. */
export function secretsIn(templates: Readonly<Record<string, string>>): string[] {
  return Object.values(templates).flatMap((value) => [...value.matchAll(inBraces)].map(([, name = '']) => name))
}

/** Errors: `vault/secret_missing`. */
export function filledHeaders(
  templates: Readonly<Record<string, string>>,
  secrets: ReadonlyMap<string, string>,
): Result<Record<string, string>> {
  const missing = secretsIn(templates).find((name) => !secrets.has(name))
  if (missing !== undefined) return refuse('vault/secret_missing', { evidence: { secret: missing } })
  const headers: Record<string, string> = {}
  for (const [name, template] of Object.entries(templates)) {
    headers[name.toLowerCase()] = template.replace(inBraces, (_all, secret: string) => secrets.get(secret) ?? '')
  }
  return ok(headers)
}
