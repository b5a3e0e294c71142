import type { Json } from '../core/json.ts'
import type { Screen } from './ports.ts'

/**
 * Looks at a result before anybody else does. Live credentials are cut out by exact match wherever a service echoes one
 * (attack case 58).
 */
export function createScreen(liveSecrets: () => readonly string[]): Screen {
  return (output) => {
    const secrets = liveSecrets().filter((secret) => secret.length >= 8)
    const text = JSON.stringify(output)
    if (!secrets.some((secret) => text.includes(secret))) return { output, taint: [], findings: [], withheld: false }
    const clean = scrub(output as unknown as Json, secrets) as unknown as typeof output
    return { output: clean, taint: [], findings: [{ kind: 'credential', action: 'removed' }], withheld: false }
  }
}

function scrub(value: Json, secrets: readonly string[]): Json {
  if (typeof value === 'string') return secrets.reduce((text, secret) => text.replaceAll(secret, '[removed]'), value)
  if (Array.isArray(value)) return value.map((item) => scrub(item, secrets))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, scrub(inner, secrets)]))
}
