import { expect, it } from 'vitest'
import { foundOut } from '../../src/federation/found-out.ts'
import type { Discovered } from '../../src/upstream/upstream.ts'

const minute = 60_000
const start = Date.UTC(2026, 0, 1)
const speech = (more: Partial<Discovered> = {}): Discovered => ({
  transport: 'http',
  era: 'modern',
  capabilities: {},
  at: 0,
  ...more,
})

/** How often its gateways get a new version, where it is looked at so often. */
function versions(looks: readonly Discovered[], everyMs: number, atOnce = false): number {
  let known: unknown = speech()
  let count = 0
  for (const [at, found] of looks.entries()) {
    const next = foundOut(known, found, start + at * everyMs, atOnce)
    if (next?.isOther === true) count++
    known = next?.speech ?? known
  }
  return count
}

it('tells of a change at once, and of the next ones once an hour', () => {
  const flapping = Array.from({ length: 96 }, (_, at) => speech({ era: at % 2 === 0 ? 'legacy' : 'modern' }))
  expect(versions(flapping, 15 * minute, true)).toBe(96)
  expect(versions(flapping, 15 * minute)).toBeLessThanOrEqual(24)
  expect(versions(flapping.slice(0, 1), 15 * minute)).toBe(1)
  // Also where the server's own notices have it looked at every two seconds.
  expect(versions(flapping, 2_000)).toBe(1)
})

it('tells in the end what the server stayed with', () => {
  const looks = [speech({ era: 'legacy' }), ...Array.from({ length: 5 }, () => speech())]
  let known: unknown = speech()
  for (const [at, found] of looks.entries())
    known = foundOut(known, found, start + at * 15 * minute, false)?.speech ?? known
  expect(known).toMatchObject({ era: 'modern', changedAt: start + 60 * minute })
})

it('keeps up with what changes nothing for clients, and forgets no change over it', () => {
  const before = { ...speech({ era: 'legacy', at: 1 }), changedAt: 7 }
  expect(foundOut(before, speech({ era: 'legacy', at: 9, serverName: 'renamed' }), 10, false)).toEqual({
    speech: { ...speech({ era: 'legacy', at: 9, serverName: 'renamed' }), changedAt: 7 },
    isOther: false,
  })
  // Added before anything was known of it.
  expect(foundOut(null, speech(), start, false)).toMatchObject({ isOther: true })
})
