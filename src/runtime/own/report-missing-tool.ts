import { z } from 'zod'
import type { JsonObject } from '../../core/json.ts'
import { ok } from '../../core/result.ts'
import { ownTool } from './own-tool.ts'

const input = z.object({
  need: z.string().trim().min(3).max(500).describe('What the person wants to do that no tool here can do.'),
  app: z.string().trim().max(100).optional().describe('The app or service it is about.'),
  tried: z.string().trim().max(200).optional().describe('What you searched for.'),
})

export const reportMissingTool = ownTool({
  name: 'report_missing_tool',
  title: 'Report a missing tool',
  description:
    'Tells the administrator of this gateway which tool is missing. Use it once, after search_tools found nothing that fits. Leave out names, secrets and other personal data.',
  input,
  behaviour: { operation: 'create', destructive: false, idempotent: true, openWorld: false },
  async run(report, { call, own }) {
    const reported = await own.report(call, withoutUndefined(report))
    return reported.ok ? ok({ reported: true, note: 'The administrator will see it.' }) : reported
  },
})

const withoutUndefined = (report: Record<string, string | undefined>): JsonObject =>
  Object.fromEntries(Object.entries(report).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
