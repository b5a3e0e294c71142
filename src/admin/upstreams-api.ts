import { z } from 'zod'
import type { UpstreamRow } from '../federation/federation.ts'
import {
  listUpstreamRows,
  lookAt,
  readHealth,
  readUpstreamRow,
  removeUpstream,
  saveUpstream,
  showHidden,
  syncUpstream,
  upstreamSettingsSchema,
} from '../federation/federation.ts'
import { ok, refuse } from '../core/result.ts'
import type { AdminRoute } from './route.ts'
import { changeRoute, readRoute } from './route.ts'
import {
  asJson,
  behaviour,
  federation,
  finding,
  health,
  outstanding,
  republished,
  upstreamParams as params,
} from './upstream-shapes.ts'

const url = z.string().min(1).max(2000)
const json = z.json()

const shown = z.object({
  id: z.string(),
  url: z.string(),
  enabled: z.boolean(),
  settings: json,
  era: z.string().nullable(),
  serverName: z.string().nullable(),
  health,
  behind: z.boolean().describe('A gateway does not have yet what was decided about it. It is tried again.'),
  updatedAt: z.int(),
})
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
    body: z.strictObject({
      url,
      settings: upstreamSettingsSchema.prefault({}),
      enabled: z.boolean().default(true),
      replaces: url
        .nullable()
        .optional()
        .describe('The address that stands there now; null: none does. Left out: whatever stands there is replaced.'),
    }),
    reply: shown.extend({ republished, outstanding }),
    async change(input, use) {
      const before = await readUpstreamRow(federation(use), input.params.id)
      const wanted = { id: input.params.id, ...input.body }
      const { replaces: _, ...after } = input.body
      return ok({
        action: before ? 'update' : 'create',
        target: `upstreams/${input.params.id}`,
        before: before && asJson({ url: before.url, settings: before.settings, enabled: before.enabled }),
        after: asJson(after),
        async commit() {
          const saved = await saveUpstream(wanted, federation(use))
          if (!saved.ok) return saved
          const { upstream, ...done } = saved.value
          return ok({ ...show(upstream), ...done })
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
    path: '/upstreams/{id}/sync',
    summary: 'Ask the server again what it offers',
    role: 'editor',
    params,
    body: z.strictObject({}),
    reply: z.object({
      changes: z.array(z.object({ kind: z.string(), name: z.string(), change: z.string(), status: z.string() })),
      republished,
      outstanding,
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
    behind: row.behind !== null,
    updatedAt,
  }
}
