import { describe, expect, it } from 'vitest'
import { localTime, startOfDate } from '../../src/policy/calendar.ts'
import { parseRules } from '../../src/policy/policy.ts'
import { ask, verdict } from './questions.ts'

const at = (when: string, time: object): string => verdict({ time }, ask('T_x'), Date.parse(when))

describe('time', () => {
  const office = { zone: 'Europe/Berlin', days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '09:00', to: '17:30' }

  it.each([
    ['2026-11-20T07:59:00Z', 'false'],
    ['2026-11-20T08:00:00Z', 'true'],
    ['2026-11-20T16:29:59Z', 'true'],
    ['2026-11-20T16:30:00Z', 'false'],
    ['2026-11-21T10:00:00Z', 'false'],
    ['2026-07-17T07:00:00Z', 'true'],
    ['2026-07-17T15:30:00Z', 'false'],
  ])('reads the wall clock of the zone, summer and winter: %s', (when, expected) => {
    expect(at(when, office)).toBe(expected)
  })

  it.each([
    ['2026-11-20T23:00:00Z', 'true'],
    ['2026-11-21T03:59:00Z', 'true'],
    ['2026-11-21T04:00:00Z', 'false'],
    ['2026-11-21T23:00:00Z', 'false'],
    ['2026-11-20T01:00:00Z', 'false'],
  ])('lets a window run over midnight and belong to the day it began: %s', (when, expected) => {
    expect(at(when, { zone: 'UTC', days: ['fri'], from: '22:00', to: '04:00' })).toBe(expected)
  })

  it('ends at until and begins at since', () => {
    const freeze = { since: '2026-12-20T00:00:00Z', until: '2027-01-02T00:00:00+01:00' }
    expect(at('2026-12-19T23:59:59Z', freeze)).toBe('false')
    expect(at('2026-12-20T00:00:00Z', freeze)).toBe('true')
    expect(at('2027-01-01T23:00:00Z', freeze)).toBe('false')
  })

  it.each([
    {},
    { zone: 'UTC' },
    { zone: 'Mars/Olympus', from: '09:00', to: '10:00' },
    { from: '09:00', to: '10:00' },
    { zone: 'UTC', from: '9:00', to: '10:00' },
    { zone: 'UTC', from: '09:00' },
    { zone: 'UTC', days: [] },
    { since: 'yesterday' },
  ])('refuses %j in a rule', (time) => {
    expect(parseRules({ user: [{ id: 'r', effect: 'permit', when: { time } }] }).ok).toBe(false)
  })
})

describe('calendar', () => {
  it.each([
    ['Asia/Kathmandu', '2026-11-20T18:14:00Z', 5, 23 * 60 + 59],
    ['Asia/Kathmandu', '2026-11-20T18:15:00Z', 6, 0],
    ['America/St_Johns', '2026-11-20T03:29:00Z', 4, 23 * 60 + 59],
    ['Pacific/Kiritimati', '2026-11-20T10:00:00Z', 6, 0],
  ])('knows what time it is in %s', (zone, when, day, minute) => {
    expect(localTime(zone, Date.parse(when))).toMatchObject({ day, minute })
  })

  it.each([
    ['Europe/Berlin', '2026-03-29', '2026-03-28T23:00:00Z'],
    ['Europe/Berlin', '2026-03-30', '2026-03-29T22:00:00Z'],
    ['America/New_York', '2026-11-01', '2026-11-01T04:00:00Z'],
    ['America/New_York', '2026-11-02', '2026-11-02T05:00:00Z'],
    // The clock jumps from 23:59:59 to 01:00.
    ['America/Santiago', '2026-09-06', '2026-09-06T04:00:00Z'],
  ])('knows when a day begins: %s %s', (zone, date, expected) => {
    const start = startOfDate(zone, Date.parse(`${date}T00:00:00Z`) / 86_400_000)
    expect(new Date(start).toISOString()).toBe(expected.replace('Z', '.000Z'))
  })
})
