import fc from 'fast-check'
import { expect, it } from 'vitest'
import { matches, offeredName, prefixOf } from '../../src/catalog/naming.ts'
import '../support/property.ts'
import { quickest } from '../support/quick.ts'

it.each([
  ['*', 'anything', true],
  ['CreateIssue', 'CreateIssue', true],
  ['CreateIssue', 'createissue', false],
  ['Create*', 'CreateIssue', true],
  ['*Issue', 'CreateIssue', true],
  ['*e*e*', 'CreateIssue', true],
  ['a*a', 'a', false],
  ['a*a', 'aa', true],
  ['*a*', '', false],
  ['a*b*b', 'ab', false],
  ['.*', 'x', false],
])('%s matches %s: %s', (pattern, name, expected) => {
  expect(matches(pattern, name)).toBe(expected)
})

it('agrees with a regular expression', () => {
  const word = fc.stringMatching(/^[ab]{0,6}$/)
  const pattern = fc.stringMatching(/^[ab*]{0,6}$/)
  fc.assert(
    fc.property(pattern, word, (glob, name) => {
      const expected = new RegExp(`^${glob.replaceAll('*', '.*')}$`).test(name)
      expect(matches(glob, name)).toBe(expected)
    }),
  )
})

it('does not take exponential time', () => {
  const time = quickest(50, () => expect(matches(`${'a*'.repeat(60)}b`, 'a'.repeat(128))).toBe(false))
  expect(time).toBeLessThan(50)
})

it('makes names every client accepts', () => {
  expect(offeredName('GitHub', 'CreateIssue')).toBe('GitHub_CreateIssue')
  expect(offeredName('Files', 'read file.v2')).toBe('Files_read_file_v2')
  expect(offeredName('', 'echo')).toBe('echo')
  expect(offeredName('X', '🙂')).toBeNull()
  expect(offeredName('Files', 'read-file')).toBe('Files_read-file')
  expect(offeredName('', '_private')).toBe('_private')
  expect(offeredName('X', '--')).toBeNull()
  expect(prefixOf('my-server.2')).toBe('MyServer2')
})

it('shortens a name that is too long, always to the same, and not to that of another', () => {
  const long = `${'list_'.repeat(12)}repositories`
  const short = offeredName('GitHub', long) ?? ''
  expect(short).toHaveLength(45)
  expect(short).toBe(offeredName('GitHub', long))
  expect(short).not.toBe(offeredName('GitHub', `${long}_v2`))
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (name) => {
      expect(offeredName('P', name) ?? 'ok').toMatch(/^[A-Za-z0-9_-]{1,45}$/)
    }),
  )
})
