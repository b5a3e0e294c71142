import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import type { ProjectId } from '../core/ids.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { KeyRing } from '../core/seal.ts'
import { openSecret, sealSecret } from '../core/seal.ts'
import type { Db } from '../db/db.ts'
import { identityProviderSecret } from '../db/identity-provider-secret.ts'
import { identityProviders } from '../db/schema.ts'

/** `identity_providers.settings`. */
export const providerSettings = z.strictObject({
  /** `entra`: people are told apart by tenant and object id, and a token may leave groups out. */
  kind: z.enum(['oidc', 'entra']).default('oidc'),
  scopes: z.array(z.string().min(1)).default(['openid', 'profile', 'email']),
  /** Claims whose values become groups, e.g. `groups`, `roles`. */
  groupClaims: z.array(z.string().min(1)).default(['groups']),
  /** Attribute to claim, for rules: `{ department: 'department' }`. */
  attributes: z.record(z.string(), z.string()).default({}),
  /** Ask the UserInfo endpoint too: many providers keep the ID token small. */
  userInfo: z.boolean().default(true),
  clientAuthentication: z.enum(['client_secret_basic', 'client_secret_post']).default('client_secret_basic'),
})

export type ProviderSettings = z.output<typeof providerSettings>

/** The company's OpenID Connect issuer, and what we are there. */
export type IdentityProvider = {
  project: ProjectId
  id: string
  /** Compared byte for byte (OpenID Connect Core §3.1.3.7). */
  issuer: string
  clientId: string
  /** Null: a public client, protected by PKCE alone. */
  clientSecret: string | null
  settings: ProviderSettings
}

/** `id` null: the project's only one. Errors: `identity/sign_in_unavailable`, with the reason as evidence. */
export async function readIdentityProvider(
  db: Db,
  ring: KeyRing,
  project: ProjectId,
  id: string | null,
): Promise<Result<IdentityProvider>> {
  const ours = and(eq(identityProviders.project, project), eq(identityProviders.active, true))
  const rows = await db
    .select()
    .from(identityProviders)
    .where(id === null ? ours : and(ours, eq(identityProviders.id, id)))
    .limit(2)
  const [row, another] = rows
  if (row === undefined) return unavailable('no_identity_provider')
  if (another !== undefined) return unavailable('identity_provider_ambiguous')
  const settings = providerSettings.safeParse(row.settings)
  if (!settings.success) return unavailable('identity_provider_invalid')
  const { issuer, clientId, sealedSecret } = row
  const secret =
    sealedSecret === null ? null : await openSecret(ring, identityProviderSecret(project, row.id), sealedSecret)
  if (secret !== null && !secret.ok) return unavailable(`identity_provider_secret_${secret.error}`)
  const clientSecret = secret?.value ?? null
  return ok({ project, id: row.id, issuer, clientId, clientSecret, settings: settings.data })
}

export type NewIdentityProvider = Omit<IdentityProvider, 'project' | 'settings'> & {
  settings?: z.input<typeof providerSettings>
}

/** Adds or replaces. A query, for `db.batch`; wait for it before you put it there. */
export async function identityProviderRow(ring: KeyRing, project: string, provider: NewIdentityProvider, now: number) {
  const { id, issuer, clientId, clientSecret } = provider
  const sealedSecret =
    clientSecret === null ? null : await sealSecret(ring, identityProviderSecret(project, id), clientSecret)
  const settings = providerSettings.parse(provider.settings ?? {})
  return { project, id, issuer, clientId, sealedSecret, settings, active: true, createdAt: now }
}

export async function saveIdentityProvider(
  db: Db,
  ring: KeyRing,
  project: ProjectId,
  provider: NewIdentityProvider,
  now: number,
): Promise<void> {
  const row = await identityProviderRow(ring, project, provider, now)
  const { createdAt: _, ...changes } = row
  await db
    .insert(identityProviders)
    .values(row)
    .onConflictDoUpdate({ target: [identityProviders.project, identityProviders.id], set: changes })
}

const unavailable = (reason: string) => refuse('identity/sign_in_unavailable', { evidence: { reason } })
