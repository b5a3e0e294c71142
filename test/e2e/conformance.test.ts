import { describe, expect, it } from 'vitest'
import { runSuite, withTarget } from '../../scripts/conformance.ts'
import { failing, revisions } from '../../scripts/lib/conformance-score.ts'

/** Every scored scenario of the official suite, through a gateway: what it relays is what the server behind it does. */
describe.each(revisions)('MCP %s through a gateway', (revision) => {
  it('passes every scored scenario, and those of the tasks extension', async () => {
    const scenarios = await withTarget('gateway', (url) => runSuite(url, revision))
    const scored = scenarios.filter((one) => one.scored)
    expect(scored.flatMap(failing)).toEqual([])
    expect(scored.length).toBe({ '2026-07-28': 37, '2025-11-25': 30 }[revision])
    const extension = scenarios.filter((one) => one.extension)
    expect(extension.flatMap(failing)).toEqual([])
    expect(extension.length).toBe({ '2026-07-28': 10, '2025-11-25': 0 }[revision])
  })
})
