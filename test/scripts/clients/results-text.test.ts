import { expect, it } from 'vitest'
import { chosen, resultText, summaryText } from '../../../scripts/lib/clients/results-text.ts'

const passed = { name: 'one', version: '1.0.0', seen: ['3 tools', 'signed in'], failure: null, log: '/tmp/one.log' }
const failed = { ...passed, name: 'two', seen: [], failure: 'no call\nafter 60 s', log: '/tmp/two.log' }

it('says on one line what was seen with a client that passed', () => {
  expect(resultText(passed)).toBe('passed  one 1.0.0                3 tools; signed in')
})

it('names the reason and the output of one that failed', () => {
  expect(resultText(failed).split('\n')).toEqual([
    'FAILED  two 1.0.0                nothing was seen',
    '        no call',
    '        after 60 s',
    '        Its output: /tmp/two.log',
  ])
})

it('says what was not covered, passed or not', () => {
  expect(resultText({ ...passed, notCovered: 'its own client id' })).toContain(
    '\n        Not covered: its own client id',
  )
})

it('counts, and names those that failed', () => {
  expect(summaryText([passed])).toBe('1 of 1 passed')
  expect(summaryText([passed, failed])).toBe('1 of 2 passed. Not: two')
})

it('chooses by name and knows a name that nobody has', () => {
  const all = [passed, failed]
  expect(chosen(all, undefined)).toEqual(all)
  expect(chosen(all, 'two, one')).toEqual(all)
  expect(chosen(all, 'two')).toEqual([failed])
  expect(chosen(all, 'two,three')).toBeNull()
})
