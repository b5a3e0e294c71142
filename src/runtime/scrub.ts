import type { Json } from '../core/json.ts'

/**
 * Live credentials are cut out by exact match wherever a service echoes one (attack case 58). The very same value where none
 * is in it.
 */
export function scrub(value: Json, secrets: readonly string[]): Json {
  const long = secrets.filter((secret) => secret.length >= 8)
  if (long.length === 0) return value
  const text = JSON.stringify(value)
  return long.some((secret) => text.includes(secret)) ? without(value, long) : value
}

function without(value: Json, secrets: readonly string[]): Json {
  if (typeof value === 'string') return textWithout(value, secrets)
  if (Array.isArray(value)) return value.map((item) => without(item, secrets))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [textWithout(name, secrets), without(inner, secrets)]),
  )
}

const textWithout = (text: string, secrets: readonly string[]): string =>
  secrets.reduce((left, secret) => left.replaceAll(secret, '[removed]'), text)
