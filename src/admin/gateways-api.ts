import { z } from 'zod'
import type { Json } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { listUpstreamRows } from '../federation/federation.ts'
import type { GatewayDocument, Head } from '../gateways/gateways.ts'
import {
  compileSnapshot,
  diff,
  hubOf,
  listHeads,
  listVersions,
  loadSnapshot,
  parseDocument,
  publish,
  readHeadBySlug,
  readUpstreams,
  readVersion,
  ruleWarnings,
  screeningWarnings,
  setEnabled,
} from '../gateways/gateways.ts'
import type { Finding } from '../policy/policy.ts'
import { absentSources } from './absent-sources.ts'
import { afterText, beforeNumber, pageOf, pageQuery, toPage } from './paging.ts'
import { knownGroups } from './known-groups.ts'
import type { AdminRoute, AdminUse, Change } from './route.ts'
import { changeRoute, readRoute } from './route.ts'
import { federation, leftOut } from './upstream-shapes.ts'

const name = z.string().min(1).max(64)
const params = z.strictObject({ name })
const version = z.coerce.number().int().min(1)
const note = z.string().max(500).nullable().default(null).describe('Why, for the list of versions.')
const base = z.int().min(1).nullable().describe('The live version this was made from; null: there is none yet.')
const document = z.looseObject({}).describe('The gateway document, as JSON.')

const head = z.object({
  name: z.string(),
  id: z.string(),
  version: z.int(),
  enabled: z.boolean().describe('The switch of the administrators; the document has one of its own.'),
  updatedAt: z.int(),
})
const versionRow = z.object({
  version: z.int(),
  documentHash: z.string(),
  createdAt: z.int(),
  createdBy: z.string(),
  note: z.string().nullable(),
})
const difference = z.object({ path: z.string(), before: z.json().optional(), after: z.json().optional() })
const reach = z.object({ version: z.int(), sessions: z.int(), pending: z.int() })
const published = z.object({ name: z.string(), version: z.int(), changed: z.boolean(), reach })

export const finding = z.object({ rule: z.string().nullable(), kind: z.string(), message: z.string() })

const shown = ({ gateway, slug, ...rest }: Head) => ({ id: gateway, name: slug, ...rest })

export const gatewayRoutes: readonly AdminRoute[] = [
  readRoute({
    path: '/gateways',
    summary: 'List gateways, in order of name',
    role: 'auditor',
    query: pageQuery,
    reply: pageOf(head),
    async read({ query }, { db, admin }) {
      const rows = await listHeads(db, admin.project, afterText(query.cursor), query.limit + 1)
      return ok(toPage(rows.map(shown), query.limit, (one) => one.name))
    },
  }),
  readRoute({
    path: '/gateways/{name}',
    summary: 'A gateway: its live document, and how many sessions are at it',
    role: 'auditor',
    params,
    reply: head.extend({
      documentHash: z.string(),
      document: z.json(),
      leftOut,
      live: z.object({
        version: z.int().nullable(),
        enabled: z.boolean(),
        sessions: z.int(),
        pending: z.int(),
        subscribers: z.int(),
        refused: z.object({ version: z.int(), fault: z.string() }).nullable(),
      }),
    }),
    async read(input, use) {
      const found = await live(input.params.name, use)
      if (!found.ok) return found
      const { row, head: at } = found.value
      const status = await hubOf(use.env, use.admin.project, at.gateway).status()
      const { documentHash } = row
      const snapshot = await loadSnapshot(use.env, use.admin.project, at.gateway, at.version)
      const kept = snapshot.ok ? snapshot.value.leftOut : []
      const written = parseDocument(row.document)
      const sources = await listUpstreamRows(federation(use))
      const absent = written.ok ? absentSources(written.value.tools, sources) : []
      const leftOutNow = [...absent, ...kept.filter(({ path }) => !absent.some((one) => one.path === path))]
      return ok({ ...shown(at), documentHash, document: row.document as Json, leftOut: leftOutNow, live: status })
    },
  }),
  readRoute({
    method: 'POST',
    path: '/gateways/plan',
    summary: 'What applying a document would do. Writes nothing',
    role: 'auditor',
    body: z.strictObject({ document }),
    reply: z.object({
      action: z.enum(['create', 'update', 'none']),
      name: z.string(),
      base: z.int().nullable(),
      differences: z.array(difference),
      tools: z.array(z.string()).describe('What the gateway would offer.'),
      warnings: z.array(finding).describe('What is probably a mistake in the rules. Keeps nothing from being applied.'),
    }),
    async read({ body }, use) {
      const wanted = await checked(body.document, use)
      if (!wanted.ok) return wanted
      const { tools, head: at, before, warnings } = wanted.value
      const differences = diff(before ?? undefined, wanted.value.document as unknown as Json)
      const action: 'create' | 'update' | 'none' = at === null ? 'create' : differences.length > 0 ? 'update' : 'none'
      return ok({ action, name: wanted.value.document.name, base: at?.version ?? null, differences, tools, warnings })
    },
  }),
  changeRoute({
    method: 'POST',
    path: '/gateways/apply',
    summary: 'Make a document the live version. Answers when the live sessions have it',
    role: 'editor',
    body: z.strictObject({ document, base, note }),
    reply: published,
    async change({ body }, use) {
      const wanted = await checked(body.document, use)
      if (!wanted.ok) return wanted
      return ok(toPublish(use, { ...wanted.value, base: body.base, note: body.note, action: 'apply' }))
    },
  }),
  readRoute({
    path: '/gateways/{name}/versions',
    summary: 'Versions of a gateway, newest first',
    role: 'auditor',
    params,
    query: pageQuery,
    reply: pageOf(versionRow),
    async read(input, { db, admin }) {
      const at = await readHeadBySlug(db, admin.project, input.params.name)
      if (!at) return refuse('core/not_found')
      const { limit, cursor } = input.query
      const rows = await listVersions(db, admin.project, at.gateway, beforeNumber(cursor), limit + 1)
      return ok(toPage(rows, limit, (one) => one.version))
    },
  }),
  readRoute({
    path: '/gateways/{name}/versions/{version}',
    summary: 'One version, with its document',
    role: 'auditor',
    params: params.extend({ version }),
    reply: versionRow.extend({ document: z.json() }),
    async read(input, use) {
      const row = await versionOf(input.params.name, input.params.version, use)
      return row.ok ? ok({ ...row.value, document: row.value.document as Json }) : row
    },
  }),
  readRoute({
    path: '/gateways/{name}/diff',
    summary: 'Where two versions differ',
    role: 'auditor',
    params,
    query: z.strictObject({ from: version, to: version }),
    reply: z.object({ differences: z.array(difference) }),
    async read({ params: { name: slug }, query }, use) {
      const [from, to] = [await versionOf(slug, query.from, use), await versionOf(slug, query.to, use)]
      if (!from.ok) return from
      if (!to.ok) return to
      return ok({ differences: diff(from.value.document as Json, to.value.document as Json) })
    },
  }),
  changeRoute({
    method: 'POST',
    path: '/gateways/{name}/rollback',
    summary: 'Make the document of an earlier version live again, as a new version',
    role: 'editor',
    params,
    body: z.strictObject({ to: z.int().min(1), base: z.int().min(1), note }),
    reply: published,
    async change({ params: { name: slug }, body }, use) {
      const row = await versionOf(slug, body.to, use)
      if (!row.ok) return row
      const wanted = await checked(row.value.document, use)
      if (!wanted.ok) return wanted
      const text = body.note ?? `back to version ${body.to}`
      return ok(toPublish(use, { ...wanted.value, base: body.base, note: text, action: 'rollback' }))
    },
  }),
  ...([true, false] as const).map((enabled) => {
    const action = enabled ? 'enable' : 'disable'
    return changeRoute({
      method: 'POST',
      path: `/gateways/{name}/${action}`,
      summary: enabled ? 'Take the kill switch of a gateway back' : 'Kill switch: ends every session and lets none in',
      role: 'editor',
      params,
      reply: reach,
      async change(input, { env, db, admin, now }) {
        const at = await readHeadBySlug(db, admin.project, input.params.name)
        if (!at) return refuse('core/not_found')
        const which = { project: admin.project, gateway: at.gateway, enabled }
        return ok({
          action,
          target: `gateways/${at.slug}`,
          before: { enabled: at.enabled },
          after: { enabled },
          commit: () => setEnabled(env, which, now),
        })
      },
    })
  }),
]

async function live(slug: string, { db, admin }: AdminUse) {
  const at = await readHeadBySlug(db, admin.project, slug)
  const row = at && (await readVersion(db, admin.project, at.gateway, at.version))
  return row ? ok({ head: at, row }) : refuse('core/not_found')
}

async function versionOf(slug: string, number: number, { db, admin }: AdminUse) {
  const at = await readHeadBySlug(db, admin.project, slug)
  const row = at && (await readVersion(db, admin.project, at.gateway, number))
  return row ? ok(row) : refuse('core/not_found')
}

type Checked = {
  document: GatewayDocument
  head: Head | null
  before: Json | null
  tools: string[]
  warnings: Finding[]
}

/** Everything that can be wrong with a document is said here, before anything is written. */
async function checked(value: unknown, use: AdminUse): Promise<Result<Checked>> {
  const { db, admin } = use
  const parsed = parseDocument(value)
  if (!parsed.ok) return parsed
  const found = await live(parsed.value.name, use)
  const at = found.ok ? found.value.head : null
  const of = {
    project: admin.project,
    gateway: at?.gateway ?? ('' as Head['gateway']),
    version: (at?.version ?? 0) + 1,
  }
  const upstreams = await readUpstreams(db, admin.project)
  const compiled = await compileSnapshot(parsed.value, { upstreams }, of, { strict: true })
  if (!compiled.ok) return compiled
  const before = found.ok ? asReadToday(found.value.row.document) : null
  const { rules, screening } = parsed.value
  const warnings = [
    ...ruleWarnings(rules, compiled.value, await knownGroups(use)),
    ...screeningWarnings(screening, rules, compiled.value),
  ]
  return ok({
    document: parsed.value,
    head: at,
    before,
    tools: compiled.value.tools.map((tool) => tool.name),
    warnings,
  })
}

/** With the defaults of today, so that only what somebody wrote counts as a difference. */
function asReadToday(stored: unknown): Json {
  const parsed = parseDocument(stored)
  return (parsed.ok ? parsed.value : stored) as Json
}

function toPublish(
  { env, admin, now }: AdminUse,
  it: Checked & { base: number | null; note: string | null; action: string },
): Change<z.input<typeof published>> {
  const { document: wanted, before, base: from, note: why, action } = it
  return {
    action,
    target: `gateways/${wanted.name}`,
    before,
    after: wanted as unknown as Json,
    async commit() {
      const by = admin.keyId ?? admin.name
      const done = await publish(env, { project: admin.project, document: wanted, base: from, by, note: why }, now)
      return done.ok ? ok({ name: wanted.name, ...done.value }) : done
    },
  }
}
