import type { Config } from '../config/config.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { isToolWorker } from '../core/tool-worker.ts'
import { isAllowedUrl } from '../egress/egress.ts'

/** The address of an MCP server as it is kept. Errors: `core/bad_request`, which says what is wrong with it (attack case 1). */
export function allowedUpstreamUrl(url: string, config: Pick<Config, 'development' | 'egressAllow'>): Result<string> {
  if (isToolWorker(url)) return ok(url)
  const allowed = isAllowedUrl(url, config)
  if (allowed.ok && allowed.value.hash === '') return ok(allowed.value.href)
  const fault = allowed.ok ? 'fragment' : allowed.error.evidence?.['fault']
  const message = words[String(fault)] ?? 'This address may not be called.'
  return refuse('core/bad_request', { message, evidence: { fault } })
}

const words: Readonly<Record<string, string>> = {
  not_a_url: 'This is not a URL.',
  scheme: 'The address has to begin with https://.',
  userinfo: 'The address must not hold a user name or a password. Use a secret in a header.',
  private_address: 'The address is in a private network. An operator can allow it with BEHALF_EGRESS_ALLOW.',
  internal_name: 'The host is an internal name. An operator can allow it with BEHALF_EGRESS_ALLOW.',
  bad_host: 'The host is no name that can be looked up.',
  fragment: 'The address must not have a fragment.',
}
