import { z } from 'zod'
import { listEvents, placeText, readPlace } from '../audit/audit.ts'
import { base64url, utf8 } from '../core/bytes.ts'
import { ok, refuse } from '../core/result.ts'
import { showHidden } from '../federation/federation.ts'
import { pageOf, pageQuery } from './paging.ts'
import { recordRead } from './record-read.ts'
import type { AdminRoute } from './route.ts'
import { readRoute } from './route.ts'

const report = z.object({
  id: z.string(),
  at: z.int(),
  gateway: z.string().nullable(),
  user: z.string().nullable(),
  agent: z.string().nullable(),
  need: z.string().nullable().describe("The agent's words, with hidden characters made visible. null: erased."),
  app: z.string().nullable(),
  tried: z.string().nullable(),
})

/** What agents said is missing. They are events of the record, so they are erased with the person and proved like the rest. */
export const toolReportRoutes: readonly AdminRoute[] = [
  readRoute({
    path: '/tool-reports',
    summary: 'Tools that agents looked for and reported as missing, newest first',
    role: 'auditor',
    query: pageQuery.extend({ gateway: z.string().min(1).max(64).optional() }),
    reply: pageOf(report),
    async read({ query: { limit, cursor, gateway } }, use) {
      const after = cursor === undefined ? null : readPlace(String(cursor))
      if (cursor !== undefined && !after)
        return refuse('core/bad_request', { message: 'cursor: is not a cursor of this list' })
      const recorded = await recordRead(use, 'tool-reports', { gateway })
      if (!recorded.ok) return recorded
      const filters = { type: 'catalog.tool_missing', ...(gateway === undefined ? {} : { gateway }) }
      const { items, next } = await listEvents(use.env, use.admin.project, filters, { after, limit, payloads: true })
      const reports = items.map((event) => ({
        id: event.id,
        at: event.at,
        gateway: event.gateway ?? null,
        user: event.user ?? null,
        agent: event.agent ?? null,
        need: text(event.payload?.['need']),
        app: text(event.payload?.['app']),
        tried: text(event.payload?.['tried']),
      }))
      return ok({ items: reports, nextCursor: next && base64url(utf8(JSON.stringify(placeText(next)))) })
    },
  }),
]

const text = (value: unknown): string | null => (typeof value === 'string' ? showHidden(value) : null)
