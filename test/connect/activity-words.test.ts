import { expect, it } from 'vitest'
import { wordsFor } from '../../src/connect/activity-words.ts'

it('says what happened in words, and what has none by its name', () => {
  expect(wordsFor('connect.completed')).toBe('An account was connected')
  expect(wordsFor('audit.checkpoint')).toBe('audit.checkpoint')
})
