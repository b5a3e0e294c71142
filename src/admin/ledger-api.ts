import { z } from 'zod'
import { exportLedger, exportPorts, ledgerOf } from '../audit/audit.ts'
import { ok, refuse } from '../core/result.ts'
import { recordRead } from './record-read.ts'
import type { AdminRoute } from './route.ts'
import { changeRoute, readRoute, streamRoute } from './route.ts'
import { attachment, streamed } from './stream.ts'

const size = z.coerce.number().int().min(0)

export const ledgerRoutes: readonly AdminRoute[] = [
  readRoute({
    path: '/ledger',
    summary: 'How long the record is, what of it is searchable, and the key its heads are signed with',
    role: 'auditor',
    reply: z.object({
      ledger: z.string(),
      size: z.int(),
      indexedUpTo: z.int(),
      expiredUpTo: z.int(),
      oldestUnindexedAt: z.int().nullable(),
      verifier: z.string().nullable(),
      checkpoint: z
        .string()
        .nullable()
        .describe('The signed head of the tree as it is now (c2sp.org/tlog-checkpoint).'),
    }),
    async read(_, { env, admin }) {
      const ledger = ledgerOf(env, admin.project)
      const checkpoint = await ledger.checkpoint()
      return ok({ ...(await ledger.head()), checkpoint })
    },
  }),
  readRoute({
    path: '/ledger/checkpoints',
    summary: 'Signed heads, oldest first',
    role: 'auditor',
    query: z.strictObject({ from: size.default(0), to: size.default(Number.MAX_SAFE_INTEGER) }),
    reply: z.object({ items: z.array(z.string()) }),
    async read({ query }, { env, admin }) {
      return ok({ items: await ledgerOf(env, admin.project).checkpoints(query.from, query.to) })
    },
  }),
  readRoute({
    path: '/ledger/consistency',
    summary: 'The proof that the tree of `newer` begins with the whole tree of `older` (RFC 6962)',
    role: 'auditor',
    query: z.strictObject({ older: size, newer: size }),
    reply: z.object({ proof: z.array(z.string()) }),
    async read({ query }, { env, admin }) {
      const proof = await ledgerOf(env, admin.project).consistency(query.older, query.newer)
      return proof ? ok({ proof }) : refuse('core/not_found')
    },
  }),
  streamRoute({
    path: '/ledger/export',
    summary: 'The record with its hashes and signed heads, in a file that proves itself: behalf ledger verify',
    role: 'auditor',
    query: z.strictObject({
      from: size.optional(),
      to: size.optional(),
      payloads: z.enum(['open', 'sealed', 'none']).default('open'),
    }),
    produces: ['application/x-ndjson'],
    async respond({ query }, use) {
      const { env, admin } = use
      const recorded = await recordRead(use, 'ledger/export', query)
      if (!recorded.ok) return recorded
      const ledger = ledgerOf(env, admin.project)
      const { ledger: name } = await ledger.head()
      const { from, to } = query
      const range = {
        payloads: query.payloads,
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
      }
      const lines = exportLedger(exportPorts(env, ledger, admin.project, name), range)
      const headers = {
        'content-type': 'application/x-ndjson; charset=utf-8',
        'content-disposition': attachment('ledger.ndjson'),
      }
      return ok(streamed(inChunks(lines), headers))
    },
  }),
  changeRoute({
    method: 'POST',
    path: '/ledger/erase',
    summary: 'Destroy the key of a person: payloads about them can never be read again, and the proof stays whole',
    role: 'owner',
    body: z.strictObject({ user: z.string().min(1).max(200) }),
    reply: z.object({ user: z.string(), erased: z.boolean() }),
    async change({ body }, { env, admin }) {
      return ok({
        action: 'erase',
        target: `users/${body.user}/record`,
        before: null,
        after: null,
        async commit() {
          return ok({ user: body.user, erased: await ledgerOf(env, admin.project).eraseUser(body.user) })
        },
      })
    },
  }),
]

/** Many short lines in one part: a part costs more than a line. */
async function* inChunks(lines: AsyncGenerator<string>): AsyncGenerator<string> {
  let text = ''
  for await (const line of lines) {
    text += line
    if (text.length < 64_000) continue
    yield text
    text = ''
  }
  if (text !== '') yield text
}
