import type { Config } from '../config/config.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { addressKind } from './address.ts'

export type GuardConfig = Pick<Config, 'development' | 'egressAllow' | 'dnsOverHttps'>

type Fault = 'not_a_url' | 'scheme' | 'userinfo' | 'private_address' | 'internal_name' | 'bad_host'

/** Names that never mean a host on the internet: RFC 6761, RFC 6762, RFC 8375, ICANN's `.internal`, and common private zones. */
const internalSuffixes = ['localhost', 'local', 'internal', 'intranet', 'private', 'corp', 'lan', 'home', 'home.arpa']

/** Public zones that answer with loopback, or with whatever address the name spells: `10.0.0.1.nip.io`. */
const wildcardDns =
  /(^|\.)(localtest\.me|lvh\.me|vcap\.me|lacolhost\.com|nip\.io|sslip\.io|xip\.io|traefik\.me|backname\.io|nip\.direct)$/

const verdicts = new WeakMap<GuardConfig, Map<string, Fault | null>>()
const maxVerdicts = 2000

/**
 * May this URL be called at all? Asked at registration, at every call and at every redirect (attack cases 1 to 4).
 * The verdict depends on the origin only and is remembered per origin, so that a call costs one URL parse and a look-up.
 *
 * Errors: `egress/blocked` with `evidence: { fault, host }`.
 */
export function isAllowedUrl(url: string | URL, config: GuardConfig): Result<URL> {
  const parsed = typeof url === 'string' ? URL.parse(url) : url
  if (!parsed) return refuse('egress/blocked', { evidence: { fault: 'not_a_url' } })
  const fault = parsed.username !== '' || parsed.password !== '' ? 'userinfo' : originFault(parsed, config)
  return fault === null ? ok(parsed) : refuse('egress/blocked', { evidence: { fault, host: parsed.host } })
}

function originFault(url: URL, config: GuardConfig): Fault | null {
  let known = verdicts.get(config)
  if (!known) verdicts.set(config, (known = new Map()))
  const origin = `${url.protocol}//${url.host}`
  const remembered = known.get(origin)
  if (remembered !== undefined) return remembered
  // Redirect targets are chosen by others: the memory must not grow with them.
  if (known.size >= maxVerdicts) known.clear()
  const fault = judge(url, config)
  known.set(origin, fault)
  return fault
}

function judge(url: URL, config: GuardConfig): Fault | null {
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && config.development)) return 'scheme'
  // `localhost.` and `10.0.0.1.` are the same hosts as without the dot, and the parser keeps it on names.
  const host = url.hostname.toLowerCase().replace(/\.+$/, '')
  if (host === '') return 'bad_host'
  if (isListed(host, url, config.egressAllow)) return null

  const kind = addressKind(host)
  if (kind === 'public') return null
  if (kind === 'private') return 'private_address'
  if (kind === 'loopback') return config.development ? null : 'private_address'
  return nameFault(host, config)
}

function nameFault(host: string, config: GuardConfig): Fault | null {
  if (!/^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(host)) return 'bad_host'
  if (config.development && (host === 'localhost' || host.endsWith('.localhost'))) return null
  // A single label is resolved by a search domain: `metadata`, `instance-data`, `kubernetes`.
  if (!host.includes('.')) return 'internal_name'
  if (internalSuffixes.some((suffix) => host.endsWith(`.${suffix}`))) return 'internal_name'
  return wildcardDns.test(host) ? 'private_address' : null
}

function isListed(host: string, url: URL, allow: readonly string[]): boolean {
  if (allow.length === 0) return false
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  return allow.some((entry) => {
    const listed = entry.toLowerCase()
    return listed === host || listed === `${host}:${port}`
  })
}
