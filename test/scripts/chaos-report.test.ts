import { describe, expect, it } from 'vitest'
import type { RecordedCall } from '../../scripts/lib/chaos-report.ts'
import { compare, holds } from '../../scripts/lib/chaos-report.ts'

const intent = (id: string, call: string, title: string): RecordedCall => ({
  id,
  type: 'tool.intent',
  call,
  payload: { arguments: { title } },
})
const outcome = (id: string, call: string, how = 'done'): RecordedCall => ({
  id,
  type: 'tool.outcome',
  call,
  outcome: how,
  payload: null,
})

const whole = {
  ended: [
    { title: 'a', answered: true },
    { title: 'b', answered: false },
    { title: 'never sent', answered: false },
  ],
  titles: new Map([
    ['a', 1],
    ['b', 1],
  ]),
  events: [intent('1', 'ca', 'a'), outcome('2', 'ca'), intent('3', 'cb', 'b'), outcome('4', 'cb', 'unknown')],
  sinks: { hook: ['1', '2', '3', '4', 'other'] },
}
const report = (more: Partial<typeof whole>) => ({
  ...compare({ ...whole, ...more }),
  kills: 1,
  recoveredMs: 0,
  ledger: 0,
})

describe('the report of a chaos run', () => {
  it('is content with a record that is whole', () => {
    expect(report({})).toMatchObject({ calls: 3, answered: 1, reached: 2, unknown: 1, lost: 0, open: 0, duplicated: 0 })
    expect(holds(report({}))).toBe(true)
  })

  it.each([
    ['a call without its intent', { events: whole.events.slice(0, 2) }, { lost: 1 }],
    ['a call without its outcome', { events: whole.events.slice(0, 3) }, { open: 1 }],
    [
      'an outcome that is there twice',
      { events: [...whole.events, outcome('5', 'ca')] },
      { duplicated: 1, missingInSinks: 1 },
    ],
    ['an event that is there twice', { events: [...whole.events, outcome('2', 'cc')] }, { duplicated: 1 }],
    ['an event that a sink does not have', { sinks: { hook: ['1', '2', '3'] } }, { missingInSinks: 1 }],
    ['an event that a sink has twice', { sinks: { hook: ['1', '2', '3', '4', '4'] } }, { duplicatedInSinks: 1 }],
    ['a run in which nothing happened', { titles: new Map<string, number>() }, { reached: 0 }],
  ])('finds %s', (_, more, found) => {
    expect(report(more)).toMatchObject(found)
    expect(holds(report(more))).toBe(false)
  })
})
