import { describe, expect, it } from 'vitest'
import { holds } from '../../scripts/lib/chaos-report.ts'
import { runChaos } from '../../scripts/lib/chaos-run.ts'

describe('the record', () => {
  it(
    'is whole after the process was killed in the middle of work (npm run chaos does this a thousand times)',
    { timeout: 180_000 },
    async () => {
      const report = await runChaos({ kills: 2, maxMs: 60_000, callers: 4, quietMs: 2_500, tell: () => {} })
      expect(report).toMatchObject({
        kills: 2,
        lost: 0,
        open: 0,
        duplicated: 0,
        missingInSinks: 0,
        duplicatedInSinks: 0,
        ledger: 0,
      })
      expect(report.reached).toBeGreaterThan(0)
      expect(report.unknown).toBeGreaterThan(0)
      expect(holds(report)).toBe(true)
    },
  )
})
