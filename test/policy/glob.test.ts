import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchesGlob, parseGlob } from '../../src/policy/glob.ts'
import { runs } from '../support/property.ts'
import { quickest } from '../support/quick.ts'

const matches = (pattern: string, text: string): boolean => matchesGlob(parseGlob(pattern), text)

describe('glob', () => {
  it.each([
    ['Github_*', 'Github_CreateIssue', true],
    ['Github_*', 'GithubX', false],
    ['*', '', true],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['*ab*ba*', 'aba', false],
    ['*ab*ba*', 'abba', true],
    ['a\\*', 'a*', true],
    ['a\\*', 'ab', false],
    ['a\\\\', 'a\\', true],
    ['[a-z]', 'b', false],
    ['a?', 'ab', false],
    ['', '', true],
    ['', 'a', false],
  ])('%j on %j is %s', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected)
  })

  it('agrees with a regular expression', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '/'), maxLength: 8 })
    const property = fc.property(letters, letters, (pattern, text) => {
      const expected = new RegExp(`^${pattern.replaceAll('*', '[^]*')}$`).test(text)
      return matches(pattern, text) === expected
    })
    fc.assert(property, { numRuns: runs(5000) })
  })

  it('takes linear time where a backtracking matcher would take for ever (attack case 51)', () => {
    const text = 'a'.repeat(200_000)
    for (const pattern of [`${'*a'.repeat(100)}*b`, `${'*a'.repeat(100)}*b*`]) {
      expect(quickest(500, () => expect(matches(pattern, text)).toBe(false))).toBeLessThan(500)
    }
  })
})
