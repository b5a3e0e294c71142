import { z } from 'zod'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { addressKind } from './address.ts'
import type { GuardConfig } from './guard.ts'
import type { Fetch } from './send.ts'

const answer = z.looseObject({
  Status: z.number(),
  Answer: z
    .array(z.looseObject({ type: z.number(), data: z.string().max(300), TTL: z.number().optional() }))
    .optional(),
})

/** IPv4 and IPv6 addresses in the answer; the rest are names on the way to them. */
const addressTypes = [1, 28]
const shortestMs = 30_000
const longestMs = 300_000
const maxKnown = 2_000
const timeoutMs = 3_000

type Known = { isPrivate: boolean; until: number }
const verdicts = new WeakMap<GuardConfig, Map<string, Known>>()

/**
 * Whether a name leads to the internet now: a name that was public when it was registered may mean a private address at the call
 * (DNS rebinding, attack case 6). Asked of the resolver that `BEHALF_EGRESS_DOH` names, by JSON over HTTPS; without one the
 * platform's own refusal of private addresses stands alone. Defence in depth: the platform resolves for itself.
 *
 * Errors: `egress/blocked`; `egress/unreachable` when the resolver does not answer, because a guard that is asked for holds.
 */
export async function isPublicName(url: URL, config: GuardConfig, fetch: Fetch, now: number): Promise<Result<null>> {
  const host = url.hostname.toLowerCase().replace(/\.+$/, '')
  const listed = config.egressAllow.some((entry) => entry.toLowerCase().split(':')[0] === host)
  if (!config.dnsOverHttps || listed || addressKind(host) !== 'name') return ok(null)
  let known = verdicts.get(config)
  if (!known) verdicts.set(config, (known = new Map()))
  let verdict = known.get(host)
  if (!verdict || verdict.until <= now) {
    const asked = await ask(host, config.dnsOverHttps, fetch, now)
    if (!asked.ok) return asked
    if (known.size >= maxKnown) known.clear()
    known.set(host, (verdict = asked.value))
  }
  return verdict.isPrivate ? refuse('egress/blocked', { evidence: { fault: 'private_address', host } }) : ok(null)
}

async function ask(host: string, resolver: string, fetch: Fetch, now: number): Promise<Result<Known>> {
  const answers = await Promise.all(['A', 'AAAA'].map((type) => lookUp(host, type, resolver, fetch)))
  if (answers.some((one) => one === null)) {
    return refuse('egress/unreachable', { evidence: { fault: 'resolver', host } })
  }
  const records = answers.flatMap((one) => one?.Answer ?? []).filter(({ type }) => addressTypes.includes(type))
  const isPrivate = records.some(({ data }) => addressKind(data.includes(':') ? `[${data}]` : data) !== 'public')
  const seconds = Math.min(...records.map(({ TTL = 0 }) => TTL), longestMs / 1_000)
  return ok({ isPrivate, until: now + Math.max(seconds * 1_000, shortestMs) })
}

async function lookUp(host: string, type: string, resolver: string, fetch: Fetch) {
  const url = new URL(resolver)
  url.searchParams.set('name', host)
  url.searchParams.set('type', type)
  const headers = { accept: 'application/dns-json' }
  try {
    const response = await fetch(url.href, { headers, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) })
    const parsed = answer.safeParse(await response.json())
    // 3: there is no such name, which the platform will say in its own way.
    return parsed.success && (parsed.data.Status === 0 || parsed.data.Status === 3) ? parsed.data : null
  } catch {
    return null
  }
}
