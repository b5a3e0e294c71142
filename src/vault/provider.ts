import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import type { Config } from '../config/config.ts'
import { base64url, sha256 } from '../core/bytes.ts'
import type { Json } from '../core/json.ts'
import { canonicalJson, isObject } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { openSecret } from '../core/seal.ts'
import { openDb } from '../db/db.ts'
import { providers } from '../db/schema.ts'
import { builtinSpecs } from './builtin.ts'
import type { ProviderSpec } from './provider-spec.ts'
import { providerSpecSchema } from './provider-spec.ts'
import type { Values } from './template.ts'
import { fill } from './template.ts'

export const providerSettings = z.strictObject({
  /** Shown to people instead of the spec's name, where a provider is configured twice. */
  name: z.string().min(1).max(60).optional(),
  variables: z.record(z.string(), z.string().max(253)).default({}),
  /** URL prefixes, usually origins, and what stands there instead: stand-ins. Development only. */
  origins: z.record(z.url(), z.url()).default({}),
  authorizeParams: z.record(z.string(), z.string()).default({}),
  /** The connected account's address must be in one of these domains. */
  emailDomains: z.array(z.string().toLowerCase()).default([]),
  /**
   * When the person is shown the account and asked before it is kept: `unexpected` when it is new to them and its address is
   * not their own.
   */
  confirmAccount: z.enum(['unexpected', 'always', 'never']).default('unexpected'),
  /** Nothing beyond these is ever asked for at this provider. Absent: no cap. */
  scopeCap: z.array(z.string()).optional(),
  /** Keep connections alive whose refresh tokens die when idle. */
  keepAlive: z.boolean().default(true),
  /** But not longer than this after the person last used it: what nobody uses may lapse. */
  keepAliveDays: z.int().min(1).max(3_650).default(180),
})
export type ProviderSettings = z.output<typeof providerSettings>

/** An OAuth application of the company at a provider, ready to use. */
export type Provider = {
  id: string
  name: string
  spec: ProviderSpec
  settings: ProviderSettings
  clientId: string
  clientSecret: string | null
  redirectUri: string
  /** What templates may name. */
  values: Values
  /** Digest of where this provider's tokens come from and go, as far as the administrator says it. */
  places: string
  /** Of a company's identity provider: what an ID token of a sign-in there has to say. */
  signIn?: { issuer: string; audience: string }
}

export const clientSecretContext = (project: string, id: string): readonly string[] => ['provider', project, id]

/** Errors: `vault/unavailable` with what is wrong with the configuration as evidence; `vault/not_allowed` when there is none. */
export async function loadProvider(env: Env, config: Config, project: string, id: string): Promise<Result<Provider>> {
  const row = await openDb(env.DB)
    .select()
    .from(providers)
    .where(and(eq(providers.project, project), eq(providers.id, id)))
    .get()
  if (!row) return refuse('vault/not_allowed', { evidence: { fault: 'provider_not_configured', provider: id } })
  const secret =
    row.sealedSecret === null
      ? null
      : await openSecret(
          { keks: config.keks, activeKek: config.activeKek },
          clientSecretContext(project, id),
          row.sealedSecret,
        )
  if (secret && !secret.ok) return misconfigured(id, `client secret: ${secret.error}`)
  const { spec, settings, clientId } = row
  const made = makeProvider(config, { id, spec, settings, clientId, clientSecret: secret?.value ?? null })
  return made.ok ? ok({ ...made.value, places: await placesOf(spec, made.value) }) : made
}

/**
 * A spec that comes with Behalf is trusted as the code is; what the administrator wrote is not: with another token endpoint or
 * API host in it, people's tokens would go there. They were granted for the old places, so for others they are not used.
 */
async function placesOf(spec: unknown, { spec: read, settings }: Provider): Promise<string> {
  const { token, refresh, revoke, introspect, account, api, service } = read
  const urls = [token.url, refresh?.url, revoke?.url, revoke?.find?.url, introspect?.url, account.request?.url]
  const exchange = service.jwtBearer?.exchange
  const exchanged = exchange ? [exchange.request.url, exchange.revoke?.url, exchange.revoke?.find?.url] : []
  const own = typeof spec === 'string' ? spec : [urls, account.more?.request.url, api.base, api.origins, ...exchanged]
  const said = canonicalJson(JSON.parse(JSON.stringify([own, settings.variables, settings.origins])) as Json)
  return base64url(await sha256(said))
}

/** Not where the person allowed it to go. */
export const hasMoved = (connection: { places: string | null }, { places }: Provider): boolean =>
  connection.places !== null && connection.places !== places

type Parts = { id: string; spec: unknown; settings: unknown; clientId: string; clientSecret: string | null }

/** Pure: also what the admin API asks before it stores a row. */
export function makeProvider(config: Pick<Config, 'publicUrl' | 'development'>, parts: Parts): Result<Provider> {
  const { id, clientId, clientSecret } = parts
  const spec = typeof parts.spec === 'string' ? builtinSpecs.get(parts.spec) : parseSpec(parts.spec)
  if (!spec) return misconfigured(id, 'unknown or invalid spec')
  const settings = providerSettings.safeParse(parts.settings)
  if (!settings.success) return misconfigured(id, settings.error.message)
  if (Object.keys(settings.data.origins).length > 0 && !config.development) {
    return misconfigured(id, 'origins may be replaced in development only')
  }
  const variables = readVariables(spec, settings.data.variables)
  if (!variables.ok) return misconfigured(id, variables.error)
  const redirectUri = `${config.publicUrl}/connect/callback/${id}`
  const values = { ...variables.value, client_id: clientId, client_secret: clientSecret, redirect_uri: redirectUri }
  const name = settings.data.name ?? spec.name
  return ok({ id, name, spec, settings: settings.data, clientId, clientSecret, redirectUri, values, places: '' })
}

function parseSpec(spec: unknown): ProviderSpec | undefined {
  const parsed = isObject(spec) ? providerSpecSchema.safeParse(spec) : undefined
  return parsed?.success ? parsed.data : undefined
}

/** A variable becomes part of a host name: `evil.com#`, `a.b`, `@` must not get there (attack case 53). */
const variableKinds = {
  label: /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i,
  host: /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}(:\d{2,5})?$/i,
  word: /^[A-Za-z0-9_-]{1,100}$/,
}

function readVariables(spec: ProviderSpec, given: Record<string, string>): Result<Record<string, string>, string> {
  const values: Record<string, string> = {}
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(spec.variables, name)) return { ok: false, error: `unknown variable ${name}` }
  }
  for (const [name, { kind, default: standard }] of Object.entries(spec.variables)) {
    const value = given[name] ?? standard
    if (value === undefined) return { ok: false, error: `variable ${name} is missing` }
    if (!variableKinds[kind].test(value)) return { ok: false, error: `variable ${name} is not a ${kind}` }
    values[name] = value
  }
  return { ok: true, value: values }
}

/** A spec's URL with everything filled in, at the stand-in's origin if there is one. Null when a value is missing. */
export function providerUrl(provider: Provider, template: string, values: Values = {}): URL | null {
  const text = fill(template, { ...provider.values, ...values }, encodeURIComponent)
  const url = text === null ? null : URL.parse(text)
  if (url === null) return null
  return URL.parse(standIn(url.href, provider.settings.origins))
}

/** The longest prefix that is replaced counts. */
export function standIn(href: string, replaced: Readonly<Record<string, string>>): string {
  let best = ''
  for (const prefix of Object.keys(replaced)) {
    const fits = href.startsWith(prefix) && /^([/?#]|$)/.test(href.slice(prefix.replace(/\/$/, '').length))
    if (fits && prefix.length > best.length) best = prefix
  }
  return best === '' ? href : (replaced[best] ?? '').replace(/\/$/, '') + href.slice(best.replace(/\/$/, '').length)
}

/** Where a token of this connection may go: its API base first. Null when the base is not among the spec's origins. */
export function apiOrigins(provider: Provider, values: Values): { base: string; origins: string[] } | null {
  const base = providerUrl(provider, provider.spec.api.base, values)
  if (base === null) return null
  const replaced = provider.settings.origins
  const patterns = provider.spec.api.origins.flatMap((text) => fill(text, { ...provider.values, ...values }) ?? [])
  const exact = patterns.filter((pattern) => !pattern.includes('*')).map((text) => standIn(text, replaced))
  const isReplaced = Object.values(replaced).some((text) => new URL(text).origin === base.origin)
  if (!isReplaced && !patterns.some((pattern) => matchesOrigin(base, pattern))) return null
  const origins = [...new Set([base.origin, ...exact.map((text) => new URL(text).origin)])]
  return { base: base.href.replace(/\/+$/, ''), origins }
}

/**
 * Where a token of this provider may be exchanged for another: at its own token endpoint, and where it may go anyway. An
 * endpoint elsewhere would be a place that nobody consented to.
 */
export function exchangeOrigins(provider: Provider, details: Readonly<Record<string, string>>): string[] {
  const token = providerUrl(provider, provider.spec.token.url, { details })?.origin
  const api = apiOrigins(provider, { details })?.origins ?? []
  return [...new Set([...(token === undefined ? [] : [token]), ...api])]
}

function matchesOrigin(url: URL, pattern: string): boolean {
  if (!pattern.includes('*')) return url.origin === new URL(pattern).origin
  const suffix = pattern.slice('https://*'.length)
  return (
    url.protocol === 'https:' && url.port === '' && url.hostname.endsWith(suffix) && url.hostname !== suffix.slice(1)
  )
}

const misconfigured = (provider: string, fault: string) =>
  refuse('vault/unavailable', { evidence: { fault: 'provider_misconfigured', provider, detail: fault } })
