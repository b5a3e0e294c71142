import fc from 'fast-check'
import { expect, it } from 'vitest'
import { WordFinder } from '../../src/screening/word-finder.ts'
import { runs } from '../support/property.ts'

const word = fc.stringMatching(/^[ab<]{1,4}$/)

it('finds exactly the words that are in the text, also within each other', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(word, { minLength: 1, maxLength: 8 }),
      fc.stringMatching(/^[abAB<c]{0,30}$/),
      (words, text) => {
        const found = new WordFinder(words).find(text)
        const there = words.map((one) => (text.toLowerCase().includes(one) ? 1 : 0))
        expect(found === null ? words.map(() => 0) : [...found]).toEqual(there)
      },
    ),
    { numRuns: runs(500) },
  )
})

it.each([
  ['letters that look alike', 'ignоrе', true],
  ['accents and hidden characters', 'i\u0301g\u200bn\u{e0041}ore', true],
  ['what may be several letters', '\ufb06', true],
  ['emoji in between', 'ig🙂nore', false],
  ['another script', 'игнорируй', false],
])('reads %s as a model may', (_, text, expected) => {
  expect(new WordFinder(['ignore']).find(text) !== null).toBe(expected)
})
