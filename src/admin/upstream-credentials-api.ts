import { z } from 'zod'
import {
  listAs,
  readUpstreamRow,
  saveUpstream,
  setUpService,
  setUpSignIn,
  settingsOf,
  withSignInFault,
} from '../federation/federation.ts'
import { ok, refuse } from '../core/result.ts'
import { byAdmin } from './connections-api.ts'
import type { AdminRoute } from './route.ts'
import { changeRoute } from './route.ts'
import { asJson, federation, upstreamParams as params } from './upstream-shapes.ts'

/** How we prove to a server who calls, where that is found out at the server itself. */
export const upstreamCredentialRoutes: readonly AdminRoute[] = [
  changeRoute({
    method: 'POST',
    path: '/upstreams/{id}/sign-in',
    summary: "Use the server's own sign-in: each user connects an account there",
    role: 'admin',
    params,
    body: z.strictObject({
      clientId: z
        .string()
        .min(1)
        .max(2000)
        .optional()
        .describe('As it was registered there by hand. Default: we register.'),
      clientSecret: z.string().min(1).max(4000).nullable().default(null).describe('Write-only.'),
    }),
    reply: z.object({
      provider: z.string(),
      issuer: z.string(),
      scopes: z.array(z.string()),
      clientId: z.string(),
      redirectUri: z.string(),
    }),
    async change(input, use) {
      const row = await readUpstreamRow(federation(use), input.params.id)
      if (!row) return refuse('core/not_found')
      const settings = settingsOf(row)
      const title = settings.title ?? row.id
      const { clientId, clientSecret } = input.body
      const known = clientId === undefined ? undefined : { clientId, clientSecret }
      return ok({
        action: 'sign_in',
        target: `upstreams/${row.id}`,
        before: asJson(settings.credentials),
        after: { kind: 'user', ...(known ? { clientId: known.clientId } : {}) },
        async commit() {
          const signIn = await setUpSignIn({ id: row.id, url: row.url, title }, federation(use), known)
          if (!signIn.ok) return { ok: false, error: withSignInFault(signIn.error) }
          const { provider, scopes } = signIn.value
          const credentials = { kind: 'user' as const, provider, scopes, stepUp: true }
          const saved = await saveUpstream(
            { id: row.id, url: row.url, enabled: row.enabled, settings: { ...settings, credentials } },
            federation(use),
          )
          return saved.ok ? signIn : saved
        },
      })
    },
  }),
  changeRoute({
    method: 'POST',
    path: '/upstreams/{id}/service',
    summary: 'Call the server as a service account of ours, by a grant of its own (client credentials)',
    role: 'admin',
    params,
    body: z.strictObject({
      serviceAccount: z.string().min(1).max(100),
      clientId: z.string().min(1).max(2000),
      clientSecret: z.string().min(1).max(4000).optional().describe('Write-only. This or `privateKey`.'),
      privateKey: z.string().max(16_384).optional().describe('Write-only. PEM in PKCS #8 (private_key_jwt).'),
      algorithm: z.enum(['RS256', 'PS256', 'ES256', 'EdDSA']).optional().describe('Of the key. Left out: RS256.'),
      keyId: z.string().min(1).max(500).optional(),
      scopes: z.array(z.string().min(1).max(300)).max(100).optional().describe('Default: what the server names.'),
    }),
    reply: z.object({ provider: z.string(), scopes: z.array(z.string()) }),
    async change(input, use) {
      const row = await readUpstreamRow(federation(use), input.params.id)
      if (!row) return refuse('core/not_found')
      const { serviceAccount, scopes, ...client } = input.body
      if ((client.clientSecret === undefined) === (client.privateKey === undefined)) {
        return refuse('core/bad_request', { message: 'Give the client secret or a private key.' })
      }
      const settings = settingsOf(row)
      const upstream = { id: row.id, url: row.url, title: settings.title ?? row.id }
      const wish = { serviceAccount, client, scopes, by: byAdmin(use) }
      return ok({
        action: 'service',
        target: `upstreams/${row.id}`,
        before: asJson(settings.credentials),
        after: { kind: 'service', serviceAccount, clientId: client.clientId },
        async commit() {
          const made = await setUpService(upstream, wish, federation(use))
          if (!made.ok) return made
          const { provider, scopes: granted } = made.value
          const changed = {
            id: row.id,
            url: row.url,
            enabled: row.enabled,
            settings: { ...settings, credentials: made.value },
          }
          const saved = await saveUpstream(changed, federation(use))
          return saved.ok ? ok({ provider, scopes: granted }) : saved
        },
      })
    },
  }),
  changeRoute({
    method: 'POST',
    path: '/upstreams/{id}/list-as',
    summary: 'Read what the server offers with the grant of this user, where it shows that to nobody else',
    role: 'admin',
    params,
    body: z.strictObject({ user: z.string().regex(/^[\w-]{1,100}$/) }),
    reply: z.object({
      connect: z.string().nullable().describe('For this user alone: the link to connect an account first.'),
    }),
    async change(input, use) {
      const row = await readUpstreamRow(federation(use), input.params.id)
      if (!row) return refuse('core/not_found')
      const { user } = input.body
      return ok({
        action: 'list_as',
        target: `upstreams/${row.id}`,
        before: settingsOf(row).listAs ?? null,
        after: user,
        commit: () => listAs(user, row, federation(use)),
      })
    },
  }),
]
