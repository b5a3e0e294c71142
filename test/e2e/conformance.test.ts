import { describe, expect, it } from 'vitest'
import type { Scenario } from '../../scripts/conformance.ts'
import { notPassed, revisions, runClientSuite, runSuite, withClient, withTarget } from '../../scripts/conformance.ts'

const failing = (one: Scenario) => one.failed.map((check) => `${one.name} ${check.id}: ${check.errorMessage}`)

/** Every scored scenario of the official suite, through a gateway: what it relays is what the server behind it does. */
describe.each(revisions)('MCP %s through a gateway', (revision) => {
  it('passes every scored scenario', async () => {
    const scenarios = await withTarget('gateway', (url) => runSuite(url, revision))
    const scored = scenarios.filter((one) => one.scored)
    expect(scored.flatMap(failing)).toEqual([])
    expect(scored.length).toBe({ '2026-07-28': 37, '2025-11-25': 30 }[revision])
  })
})

/** The other way round: the suite's servers, and the client with which a gateway speaks to them. Both revisions: `npm run conformance`. */
it('passes every scored scenario for clients but those that are named, by what a company does with such a server', async () => {
  const scenarios = await withClient((driver) => runClientSuite(driver, '2026-07-28'))
  const scored = scenarios.filter((one) => one.scored)
  const named = Object.keys(notPassed)
  expect(scored.filter((one) => !named.includes(one.name)).flatMap(failing)).toEqual([])
  expect(scored.filter((one) => one.failed.length > 0).map((one) => one.name)).toEqual(named)
  expect(scored.length).toBe(32)
})
