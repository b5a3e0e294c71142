import { z } from 'zod'
import type { EventFilters, Place } from '../audit/audit.ts'
import {
  eventFilters,
  exportEvents,
  followEvents,
  ledgerOf,
  listEvents,
  placeText,
  readEvent,
  readPlace,
  readStory,
} from '../audit/audit.ts'
import { base64url, utf8 } from '../core/bytes.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { placeToFollow, serverSentEvents } from './event-stream.ts'
import { pageOf, pageQuery } from './paging.ts'
import { recordRead } from './record-read.ts'
import type { AdminRoute } from './route.ts'
import { readRoute, streamRoute } from './route.ts'
import { attachment, streamed } from './stream.ts'

const flag = z
  .enum(['true', 'false'])
  .default('true')
  .transform((text) => text === 'true')
const payloads = flag.describe('Show redacted arguments and results.')

const event = z.looseObject({
  id: z.string(),
  type: z.string(),
  at: z.int(),
  recordedAt: z.int(),
  ledger: z.string(),
  sequence: z.int(),
  user: z.string().optional(),
  agent: z.string().optional(),
  gateway: z.string().optional(),
  gatewayVersion: z.int().optional(),
  session: z.string().optional(),
  call: z.string().optional(),
  tool: z.string().optional(),
  decision: z.string().optional(),
  outcome: z.string().optional(),
  attributes: z.record(z.string(), z.json()),
  payload: z.record(z.string(), z.json()).nullable(),
  payloadState: z.enum(['none', 'open', 'erased', 'closed']),
})

const id = z.string().min(1).max(300)
const filtersOf = (query: Record<string, unknown>): EventFilters =>
  Object.fromEntries(
    Object.keys(eventFilters).flatMap((name) => (query[name] === undefined ? [] : [[name, query[name]]])),
  )

export const eventRoutes: readonly AdminRoute[] = [
  readRoute({
    path: '/events',
    summary: 'What happened, newest first. With `text` a page may be empty and still have a next one',
    role: 'auditor',
    query: pageQuery.extend(eventFilters).extend({ payloads }),
    reply: pageOf(event),
    async read({ query }, use) {
      const after = placeOf(query.cursor)
      if (!after.ok) return after
      const recorded = await recordRead(use, 'events', query)
      if (!recorded.ok) return recorded
      const page = { after: after.value, limit: query.limit, payloads: query.payloads }
      const { items, next } = await listEvents(use.env, use.admin.project, filtersOf(query), page)
      return ok({ items, nextCursor: next && base64url(utf8(JSON.stringify(placeText(next)))) })
    },
  }),
  streamRoute({
    path: '/events/export',
    summary: 'Everything that matches, newest first, as a file',
    role: 'auditor',
    query: z.strictObject({ ...eventFilters, payloads, format: z.enum(['ndjson', 'csv']).default('ndjson') }),
    produces: ['application/x-ndjson', 'text/csv'],
    async respond({ query }, use) {
      const recorded = await recordRead(use, 'events/export', query)
      if (!recorded.ok) return recorded
      const parts = exportEvents(use.env, use.admin.project, filtersOf(query), query.format, query.payloads)
      const type = query.format === 'csv' ? 'text/csv; charset=utf-8; header=present' : 'application/x-ndjson'
      return ok(streamed(parts, { 'content-type': type, 'content-disposition': attachment(`events.${query.format}`) }))
    },
  }),
  streamRoute({
    path: '/events/tail',
    summary:
      'What happens from now on, as server-sent events. The id of each is where to go on: `after`, `Last-Event-ID`',
    role: 'auditor',
    query: z.strictObject({ ...eventFilters, payloads, after: z.coerce.number().int().min(-1).optional() }),
    produces: ['text/event-stream'],
    async respond({ query }, use, { lastEventId, stillAllowed }) {
      const after = placeToFollow(lastEventId, query.after)
      if (!after.ok) return after
      const recorded = await recordRead(use, 'events/tail', query)
      if (!recorded.ok) return recorded
      const { env, admin } = use
      const rounds = followEvents(env, admin.project, filtersOf(query), after.value, query.payloads)
      return ok(streamed(serverSentEvents(rounds, stillAllowed), { 'content-type': 'text/event-stream' }))
    },
  }),
  readRoute({
    path: '/events/{id}',
    summary: 'One event',
    role: 'auditor',
    params: z.strictObject({ id }),
    reply: event,
    async read({ params }, use) {
      const recorded = await recordRead(use, 'event', params)
      if (!recorded.ok) return recorded
      const found = await readEvent(use.env, use.admin.project, params.id)
      return found ? ok(found) : refuse('core/not_found')
    },
  }),
  readRoute({
    path: '/events/{id}/proof',
    summary: 'The signed head of a tree, and the proof that this event is in it (RFC 6962)',
    role: 'auditor',
    params: z.strictObject({ id }),
    reply: z.object({
      ledger: z.string(),
      sequence: z.int(),
      size: z.int(),
      leafHash: z.string(),
      proof: z.array(z.string()),
      checkpoint: z.string(),
    }),
    async read({ params }, use) {
      const proof = await ledgerOf(use.env, use.admin.project).inclusion(params.id)
      return proof ? ok(proof) : refuse('core/not_found')
    },
  }),
  readRoute({
    path: '/calls/{call}',
    summary: 'The whole story of one call, oldest first',
    role: 'auditor',
    params: z.strictObject({ call: id }),
    reply: z.object({ items: z.array(event) }),
    async read({ params }, use) {
      const recorded = await recordRead(use, 'call', params)
      if (!recorded.ok) return recorded
      const items = await readStory(use.env, use.admin.project, params.call)
      return items.length > 0 ? ok({ items }) : refuse('core/not_found')
    },
  }),
]

function placeOf(cursor: string | number | undefined): Result<Place | null> {
  if (cursor === undefined) return ok(null)
  const place = readPlace(String(cursor))
  return place ? ok(place) : refuse('core/bad_request', { message: 'cursor: is not a cursor of this list' })
}
