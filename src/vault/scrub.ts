import type { Json } from '../core/json.ts'

const mark = '[redacted:token]'

/** Too short to be a secret, and likely to be in innocent text. */
const minLength = 8

/**
 * Takes live tokens out of whatever leaves, by exact match: as they are, and as a URL or JSON would spell them. For results, errors, logs and records (promise 2).
 */
export function scrub<T extends Json | undefined>(value: T, secrets: readonly string[]): T {
  const needles = [...new Set(secrets.filter((secret) => secret.length >= minLength).flatMap(spellings))]
  return isClean(value, needles) ? value : (clean(value, needles) as T)
}

/** The rule: an answer holds no token, and is handed on as it is, not as a copy. */
function isClean(value: Json | undefined, needles: readonly string[]): boolean {
  if (typeof value === 'string') return !needles.some((needle) => value.includes(needle))
  if (typeof value !== 'object' || value === null) return true
  if (Array.isArray(value)) return value.every((item) => isClean(item, needles))
  return Object.entries(value).every(([name, item]) => isClean(name, needles) && isClean(item, needles))
}

function clean(value: Json | undefined, needles: readonly string[]): Json | undefined {
  if (typeof value === 'string') return cleanText(value, needles)
  if (Array.isArray(value)) return value.map((item) => clean(item, needles) ?? null)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [cleanText(name, needles), clean(item, needles) ?? null]),
  )
}

function cleanText(text: string, needles: readonly string[]): string {
  let cleaned = text
  for (const needle of needles) if (cleaned.includes(needle)) cleaned = cleaned.replaceAll(needle, mark)
  return cleaned
}

function spellings(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1)
  return [secret, encodeURIComponent(secret), json, json.replaceAll('/', '\\/')]
}
