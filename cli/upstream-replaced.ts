import type { Json } from '../src/core/json.ts'
import { diff } from '../src/gateways/diff.ts'
import { differenceText } from './plan-text.ts'

export type Settings = {
  credentials?: { kind: string; [more: string]: unknown }
  admit?: { additions: boolean; tools: boolean }
  [name: string]: unknown
}
/** A server as it is kept. */
export type Stands = { id: string; url: string; enabled: boolean; settings: Settings }

/** Settings that stay when nothing is said of them. Another host gets nothing that was meant for the one before: it is a stranger. */
export function merged(before: Stands, url: string, named: Settings): Settings {
  const { title, timeoutMs, maxBytes } = before.settings
  const kept = sameServer(before.url, url) ? before.settings : { title, timeoutMs, maxBytes }
  return JSON.parse(JSON.stringify({ ...kept, ...named })) as Settings
}

/** What replacing it would change. */
export function replacedLines(before: Stands, url: string, settings: Settings): string[] {
  const moved = !sameAddress(before.url, url)
  const after = { url: moved ? url : before.url, settings }
  const differences = diff({ url: before.url, settings: before.settings } as Json, after as Json)
  return [
    `${before.id} is there already, for ${before.url}.`,
    ...(differences.length > 0 ? ['Replacing it would change:'] : ['Replacing it would change nothing.']),
    ...differences.flatMap(differenceText).map((line) => `  ${line}`),
    ...(moved ? ['What was admitted of it would be gone. Another name keeps both: upstream add <id> <url>'] : []),
  ]
}

export function sameAddress(one: string, other: string): boolean {
  return one === other || (URL.parse(one)?.href ?? one) === (URL.parse(other)?.href ?? other)
}

/** `worker:acme` has no origin: it is the same only as itself. */
export function sameServer(one: string, other: string): boolean {
  const origin = URL.parse(one)?.origin ?? 'null'
  return sameAddress(one, other) || (origin !== 'null' && origin === URL.parse(other)?.origin)
}
