import { expect, it } from 'vitest'
import type { Scenario } from '../../scripts/lib/conformance-score.ts'
import { failing, report } from '../../scripts/lib/conformance-score.ts'

const failed = (id: string, errorMessage: string) => ({ id, status: 'FAILURE', errorMessage })
const scenario = (name: string, more: Partial<Scenario> = {}): Scenario => {
  return { name, scored: true, extension: false, passed: 2, failed: [], ...more }
}
const scenarios = [
  scenario('ping'),
  scenario('tools-call', { passed: 3, failed: [failed('text', 'no text'), failed('image', 'no image')] }),
  scenario('tasks-get', { scored: false, extension: true, passed: 7 }),
  scenario('tasks-cancel', { scored: false, extension: true, failed: [failed('gone', 'still there')] }),
  scenario('dpop', { scored: false, failed: [failed('proof', 'no proof')] }),
]

it('prints passed and total: of scenarios, of their checks, and of the extensions by themselves', () => {
  const { lines, bad } = report({ revision: '2026-07-28', through: 'direct', scenarios }, false)
  expect(lines).toEqual([
    '2026-07-28 direct  1/2 scored scenarios, 5/7 checks, 1/2 extension scenarios',
    '  x tools-call',
    '      text: no text',
    '      image: no image',
    '  x tasks-cancel',
    '      gone: still there',
  ])
  expect(bad).toBe(2)
})

it('shows what does not count when it is asked to, and counts it as nothing', () => {
  const score = { revision: '2025-11-25', through: 'gateway', scenarios: scenarios.slice(4) } as const
  expect(report(score, true)).toEqual({
    lines: ['2025-11-25 gateway 0/0 scored scenarios, 0/0 checks', '  - dpop', '      proof: no proof'],
    bad: 0,
  })
})

it('takes a reason for a client that does not pass, and for nothing else', () => {
  const score = (through: 'client' | 'gateway') =>
    ({ revision: '2026-07-28', through, scenarios: scenarios.slice(0, 2) }) as const
  const reasons = { 'tools-call': 'The suite asks twice.' }
  expect(report(score('client'), false, reasons)).toMatchObject({ bad: 0 })
  expect(report(score('client'), false, reasons).lines).toContain('  x tools-call: The suite asks twice.')
  expect(report(score('gateway'), false, reasons)).toMatchObject({ bad: 1 })
})

it('names every failed check of a scenario', () => {
  expect(scenarios.flatMap(failing)).toContain('tools-call image: no image')
})
