import { z } from 'zod'
import type { Bytes } from '../core/bytes.ts'
import { fromBase64 } from '../core/bytes.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'

/**
 * Env → Config, parsed once per isolate. The only reader of vars and secrets.
 * No secret has a default (design §3): a Worker that lacks one answers 500 and names it.
 */
export type Config = {
  /** Where this deployment is reached, without a trailing slash, e.g. `https://mcp.example.com`. */
  publicUrl: string
  /** With a base host, gateways also live at `https://{gateway}.{baseHost}/mcp`. */
  baseHost: string | null
  /** Key-encryption keys by id, and the one that seals new user keys. */
  keks: ReadonlyMap<string, Bytes>
  activeKek: string
  /** Public half of a key that only the company has: refresh tokens are copied to KV sealed to it. Null: they are not copied. */
  recoveryKey: Bytes | null
  /** Signs and seals what the browser and the client carry: cookies, states, request state. */
  stateKey: Bytes
  /** Ed25519 seed for ledger checkpoints. */
  ledgerKey: Bytes
  /** First admin token's SHA-256 (hex), so that a fresh deployment can be administered. */
  bootstrapAdminHash: string | null
  /** Development only: plain http and loopback addresses are allowed outside. */
  development: boolean
  /** Hosts the egress guard lets through although they are internal: `host` or `host:port`. */
  egressAllow: readonly string[]
  /** A resolver (DNS over HTTPS, JSON) that the egress guard asks what a name means now. Absent: it asks none. */
  dnsOverHttps?: string
  dynamicRegistration: boolean
  session: { idleMs: number; maxAgeMs: number }
}

const key = z
  .string()
  .refine((text) => {
    try {
      return fromBase64(text).length === 32
    } catch {
      return false
    }
  }, 'must be 32 random bytes in base64')
  .transform((text) => fromBase64(text))

/** An uncompressed P-256 point in base64. */
const point = z
  .string()
  .refine((text) => {
    try {
      const bytes = fromBase64(text)
      return bytes.length === 65 && bytes[0] === 4
    } catch {
      return false
    }
  }, 'must be what `behalf vault recovery-key` printed')
  .transform((text) => fromBase64(text))

const flag = z
  .enum(['true', 'false', ''])
  .optional()
  .transform((value) => value === 'true')

const url = z.url({ protocol: /^https?$/ }).transform((text) => text.replace(/\/+$/, ''))

const shape = z.object({
  BEHALF_PUBLIC_URL: url,
  BEHALF_BASE_HOST: z.string().optional(),
  BEHALF_KEK_ACTIVE: z.string().min(1),
  BEHALF_RECOVERY_KEY: point.optional().or(z.literal('')),
  BEHALF_STATE_KEY: key,
  BEHALF_LEDGER_KEY: key,
  BEHALF_ADMIN_TOKEN_SHA256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  BEHALF_DEVELOPMENT: flag,
  BEHALF_EGRESS_ALLOW: z.string().optional(),
  BEHALF_EGRESS_DOH: z
    .url({ protocol: /^https$/ })
    .optional()
    .or(z.literal('')),
  BEHALF_DYNAMIC_REGISTRATION: flag,
  BEHALF_SESSION_IDLE_MS: z.coerce
    .number()
    .int()
    .positive()
    .default(30 * 60_000),
  BEHALF_SESSION_MAX_AGE_MS: z.coerce
    .number()
    .int()
    .positive()
    .default(12 * 3_600_000),
})

const parsed = new WeakMap<object, Result<Config>>()

/** Errors: `config/missing`, with the names of what is missing or wrong as evidence. */
export function readConfig(env: object): Result<Config> {
  const known = parsed.get(env)
  if (known) return known
  const config = parse(env as Record<string, unknown>)
  parsed.set(env, config)
  return config
}

function parse(env: Record<string, unknown>): Result<Config> {
  const result = shape.safeParse(env)
  const keks = new Map<string, Bytes>()
  const faults = result.success ? [] : result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  for (const [name, value] of Object.entries(env)) {
    const kid = /^BEHALF_KEK_(?!ACTIVE$)(\w+)$/.exec(name)?.[1]
    if (kid === undefined) continue
    const raw = key.safeParse(value)
    if (raw.success) keks.set(kid, raw.data)
    else faults.push(`${name}: must be 32 random bytes in base64`)
  }
  if (result.success && !keks.has(result.data.BEHALF_KEK_ACTIVE)) {
    faults.push(`BEHALF_KEK_${result.data.BEHALF_KEK_ACTIVE}: missing, but BEHALF_KEK_ACTIVE names it`)
  }
  if (!result.success || faults.length > 0) return refuse('config/missing', { evidence: { faults } })
  const vars = result.data
  return ok({
    publicUrl: vars.BEHALF_PUBLIC_URL,
    baseHost: vars.BEHALF_BASE_HOST || null,
    keks,
    activeKek: vars.BEHALF_KEK_ACTIVE,
    recoveryKey: vars.BEHALF_RECOVERY_KEY || null,
    stateKey: vars.BEHALF_STATE_KEY,
    ledgerKey: vars.BEHALF_LEDGER_KEY,
    bootstrapAdminHash: vars.BEHALF_ADMIN_TOKEN_SHA256 ?? null,
    development: vars.BEHALF_DEVELOPMENT,
    ...(vars.BEHALF_EGRESS_DOH ? { dnsOverHttps: vars.BEHALF_EGRESS_DOH } : {}),
    egressAllow: (vars.BEHALF_EGRESS_ALLOW ?? '').split(/[\s,]+/).filter(Boolean),
    dynamicRegistration: vars.BEHALF_DYNAMIC_REGISTRATION,
    session: { idleMs: vars.BEHALF_SESSION_IDLE_MS, maxAgeMs: vars.BEHALF_SESSION_MAX_AGE_MS },
  })
}
