import { expect, it } from 'vitest'
import { mostOutsideEntries, OutsideLog } from '../../src/upstream/outside-log.ts'

it('passes on what a server logs outside of calls, and of a flood so much a second, with the number of the rest', () => {
  let now = 1_800_000_000_000
  const told: unknown[] = []
  const log = new OutsideLog(
    () => now,
    ({ data }) => told.push(data),
  )
  for (let n = 0; n < mostOutsideEntries; n++) log.take({ level: 'info', data: n })
  expect(told).toHaveLength(mostOutsideEntries)
  for (let n = 0; n < 10_000; n++) log.take({ level: 'info', data: 'again' })
  expect(told).toHaveLength(mostOutsideEntries)
  now += 1_000
  log.take({ level: 'info', data: 'after that' })
  expect(told.slice(mostOutsideEntries)).toEqual(['10000 log entries were left out.', 'after that'])
})
