import { z } from 'zod'
import { federationUse } from '../federation/federation.ts'
import type { PinRow, UpstreamRow } from '../federation/federation.ts'
import {
  decidePins,
  differences,
  listAs,
  listUpstreamRows,
  lookAt,
  pendingHash,
  readHealth,
  readPins,
  readUpstreamRow,
  removeUpstream,
  saveUpstream,
  setUpService,
  setUpSignIn,
  settingsOf,
  showHidden,
  showHiddenIn,
  syncUpstream,
  upstreamSettingsSchema,
} from '../federation/federation.ts'
import type { Json } from '../core/json.ts'
import { ok, refuse } from '../core/result.ts'
import { byAdmin } from './connections-api.ts'
import type { AdminRoute, AdminUse } from './route.ts'
import { changeRoute, readRoute } from './route.ts'

const id = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'use 1 to 40 of a-z, 0-9 and -, a letter first')
const params = z.strictObject({ id })
const url = z.string().min(1).max(2000)
const json = z.json()

const behaviour = z.strictObject({
  operation: z.enum(['read', 'create', 'update', 'delete']),
  destructive: z.boolean(),
  idempotent: z.boolean(),
  openWorld: z.boolean(),
})
const finding = z.object({
  kind: z.string(),
  severity: z.string(),
  path: z.string(),
  what: z.string(),
  excerpt: z.string(),
})
const health = z.object({
  state: z.string(),
  checkedAt: z.int(),
  since: z.int(),
  failures: z.int(),
  reason: z.string().nullable(),
})
const shown = z.object({
  id: z.string(),
  url: z.string(),
  enabled: z.boolean(),
  settings: json,
  era: z.string().nullable(),
  serverName: z.string().nullable(),
  health,
  updatedAt: z.int(),
})
const pin = z.object({
  kind: z.enum(['tool', 'prompt', 'resource', 'template']),
  name: z.string(),
  status: z.enum(['admitted', 'quarantined', 'removed']),
  hash: z.string().describe('Of what would be admitted now. Send it back with the decision.'),
  behaviour: behaviour.nullable(),
  findings: z.array(finding),
  differences: z.array(z.object({ path: z.string(), before: json.optional(), after: json.optional() })),
  definition: json.describe('As admitted, with hidden characters made visible.'),
  decidedBy: z.string().nullable(),
  updatedAt: z.int(),
})
const republished = z.array(z.object({ gateway: z.string(), version: z.int() }))
const looked = z.object({
  url: z.string(),
  discovered: z.object({ transport: z.string(), era: z.string(), serverName: z.string().optional() }).nullable(),
  authorization: json,
  items: z.array(
    z.object({
      kind: z.string(),
      name: z.string(),
      title: z.string().nullable(),
      description: z.string(),
      behaviour: behaviour.nullable(),
      findings: z.array(finding),
    }),
  ),
})

const federation = ({ env, config, admin, now }: AdminUse) => federationUse(env, config, admin.project, now)

export const upstreamRoutes: readonly AdminRoute[] = [
  readRoute({
    path: '/upstreams',
    summary: 'MCP servers of the project',
    role: 'auditor',
    reply: z.object({ items: z.array(shown), nextCursor: z.null() }),
    async read(_, use) {
      return ok({ items: (await listUpstreamRows(federation(use))).map(show), nextCursor: null })
    },
  }),
  readRoute({
    method: 'POST',
    path: '/upstreams/look',
    summary: 'Try a server and show what it offers, how it signs people in and what was found. Nothing is saved',
    role: 'editor',
    body: z.strictObject({ url, settings: upstreamSettingsSchema.prefault({}) }),
    reply: looked,
    async read({ body }, use) {
      const look = await lookAt(body.url, body.settings, federation(use))
      return look.ok
        ? ok({ ...look.value, authorization: look.value.authorization as unknown as z.core.util.JSONType })
        : look
    },
  }),
  readRoute({
    path: '/upstreams/{id}',
    summary: 'One server',
    role: 'auditor',
    params,
    reply: shown,
    async read(input, use) {
      const row = await readUpstreamRow(federation(use), input.params.id)
      return row ? ok(show(row)) : refuse('core/not_found')
    },
  }),
  changeRoute({
    method: 'PUT',
    path: '/upstreams/{id}',
    summary: 'Add a server or change one. What it offers waits to be admitted',
    role: 'admin',
    params,
    body: z.strictObject({ url, settings: upstreamSettingsSchema.prefault({}), enabled: z.boolean().default(true) }),
    reply: shown,
    async change(input, use) {
      const before = await readUpstreamRow(federation(use), input.params.id)
      const wanted = { id: input.params.id, ...input.body }
      return ok({
        action: before ? 'update' : 'create',
        target: `upstreams/${input.params.id}`,
        before: before && asJson({ url: before.url, settings: before.settings, enabled: before.enabled }),
        after: asJson(input.body),
        async commit() {
          const saved = await saveUpstream(wanted, federation(use))
          return saved.ok ? ok(show(saved.value)) : saved
        },
      })
    },
  }),
  changeRoute({
    method: 'DELETE',
    path: '/upstreams/{id}',
    summary: 'Remove a server and everything that was admitted of it',
    role: 'admin',
    params,
    reply: z.object({ id: z.string(), republished }),
    async change(input, use) {
      const row = await readUpstreamRow(federation(use), input.params.id)
      if (!row) return refuse('core/not_found')
      return ok({
        action: 'delete',
        target: `upstreams/${row.id}`,
        before: asJson({ url: row.url, settings: row.settings }),
        after: null,
        async commit() {
          const removed = await removeUpstream(row.id, federation(use))
          return removed.ok ? ok({ id: row.id, republished: removed.value }) : removed
        },
      })
    },
  }),
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
          if (!signIn.ok) return signIn
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
      clientSecret: z.string().min(1).max(4000).describe('Write-only.'),
      scopes: z.array(z.string().min(1).max(300)).max(100).optional().describe('Default: what the server names.'),
    }),
    reply: z.object({ provider: z.string(), scopes: z.array(z.string()) }),
    async change(input, use) {
      const row = await readUpstreamRow(federation(use), input.params.id)
      if (!row) return refuse('core/not_found')
      const { serviceAccount, clientId, clientSecret, scopes } = input.body
      const settings = settingsOf(row)
      const upstream = { id: row.id, url: row.url, title: settings.title ?? row.id }
      const wish = { serviceAccount, client: { clientId, clientSecret }, scopes, by: byAdmin(use) }
      return ok({
        action: 'service',
        target: `upstreams/${row.id}`,
        before: asJson(settings.credentials),
        after: { kind: 'service', serviceAccount, clientId },
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
  changeRoute({
    method: 'POST',
    path: '/upstreams/{id}/sync',
    summary: 'Ask the server again what it offers',
    role: 'editor',
    params,
    body: z.strictObject({}),
    reply: z.object({
      changes: z.array(z.object({ kind: z.string(), name: z.string(), change: z.string(), status: z.string() })),
      republished,
      health,
    }),
    async change(input, use) {
      const target = `upstreams/${input.params.id}`
      return ok({
        action: 'sync',
        target,
        before: null,
        after: null,
        commit: () => syncUpstream(input.params.id, federation(use)),
      })
    },
  }),
  readRoute({
    path: '/upstreams/{id}/pins',
    summary: 'What the server offers, what was admitted of it, and what changed since',
    role: 'auditor',
    params,
    reply: z.object({ items: z.array(pin), nextCursor: z.null() }),
    async read(input, use) {
      const row = await readUpstreamRow(federation(use), input.params.id)
      if (!row) return refuse('core/not_found')
      const pins = await readPins(federation(use), row.id)
      return ok({ items: await Promise.all(pins.map(showPin)), nextCursor: null })
    },
  }),
  changeRoute({
    method: 'POST',
    path: '/upstreams/{id}/pins',
    summary: 'Admit definitions as they were shown, or hold them back',
    role: 'admin',
    params,
    body: z.strictObject({
      decisions: z
        .array(
          z.strictObject({
            kind: z.enum(['tool', 'prompt', 'resource', 'template']),
            name: z.string().min(1).max(1000),
            decision: z.enum(['admit', 'hold']),
            hash: z.string().min(1).max(100),
            behaviour: behaviour.optional(),
          }),
        )
        .min(1)
        .max(5000),
    }),
    reply: z.object({ decided: z.int(), republished }),
    async change(input, use) {
      const { decisions } = input.body
      return ok({
        action: 'decide',
        target: `upstreams/${input.params.id}`,
        before: null,
        after: asJson({
          decisions: decisions.map(({ kind, name, decision, hash }) => ({ kind, name, decision, hash })),
        }),
        async commit() {
          const by = use.admin.keyId ?? use.admin.name
          const done = await decidePins(input.params.id, decisions.map(withoutUndefined), by, federation(use))
          return done.ok ? ok({ decided: done.value.pins.length, republished: done.value.republished }) : done
        },
      })
    },
  }),
]

function show(row: UpstreamRow) {
  const { id: name, url: address, enabled, settings, discovered, updatedAt } = row
  const found = (discovered ?? {}) as { era?: string; serverName?: string }
  return {
    id: name,
    url: address,
    enabled,
    settings: settings as z.core.util.JSONType,
    era: found.era ?? null,
    serverName: found.serverName === undefined ? null : showHidden(found.serverName),
    health: readHealth(row.health),
    updatedAt,
  }
}

async function showPin(row: PinRow) {
  const visible = (value: unknown) => showHiddenIn(asJson(value)) as z.core.util.JSONType
  return {
    ...row,
    name: row.name,
    hash: await pendingHash(row),
    definition: visible(row.definition),
    differences: (row.proposed ? differences(row.kind, row.definition, row.proposed) : []).map(
      (one) => visible(one) as { path: string },
    ),
  }
}

const asJson = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json

function withoutUndefined<T extends { behaviour?: unknown }>({ behaviour: given, ...rest }: T) {
  return { ...rest, ...(given === undefined ? {} : { behaviour: given }) } as Omit<T, 'behaviour'> & {
    behaviour?: NonNullable<T['behaviour']>
  }
}
