import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readUrl } from '../../src/http/request-url.ts'

test('a URL that is read again is read the same', () => {
  fc.assert(
    fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (text) => {
      const { host, pathname, origin } = new URL(text)
      for (let time = 0; time < 2; time++) expect(readUrl(text)).toMatchObject({ host, pathname, origin })
    }),
  )
})

test('a URL that may hold a secret is not kept', () => {
  const read = (text: string): object => readUrl(text)
  expect(read('https://behalf.test/eng/mcp')).toBe(read('https://behalf.test/eng/mcp'))
  const secret = 'https://behalf.test/eng/mcp?access_token=secret'
  expect(read(secret)).not.toBe(read(secret))
})
