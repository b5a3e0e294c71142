import { expect, it } from 'vitest'
import { isTimeZone, localTime } from '../../src/policy/calendar.ts'

it('knows time zones in the runtime it is for', () => {
  expect(localTime('Asia/Kathmandu', Date.parse('2026-11-20T18:15:00Z'))).toMatchObject({ day: 6, minute: 0 })
  expect(isTimeZone('Mars/Olympus')).toBe(false)
})
