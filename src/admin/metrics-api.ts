import { z } from 'zod'
import { ledgerOf, openMetricsType } from '../audit/audit.ts'
import { ok } from '../core/result.ts'
import type { AdminRoute } from './route.ts'
import { streamRoute } from './route.ts'

/** Numbers about nobody in particular, asked for every few seconds: that somebody read them is not recorded. */
export const metricRoutes: readonly AdminRoute[] = [
  streamRoute({
    path: '/metrics',
    summary: 'Counters and histograms of the project for a scraper, as OpenMetrics text',
    role: 'auditor',
    query: z.strictObject({}),
    produces: ['application/openmetrics-text'],
    async respond(_, { env, admin }) {
      const text = await ledgerOf(env, admin.project).metrics()
      const headers = { 'content-type': openMetricsType, 'cache-control': 'no-store' }
      return ok(new Response(text, { headers }))
    },
  }),
]
