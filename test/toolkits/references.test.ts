import { describe, expect, it } from 'vitest'
import { resolveReference } from '../../src/toolkits/kit/resolve.ts'
import { parseMoment } from '../../src/toolkits/kit/time.ts'

const candidates = ['acme/web-shop', 'acme/web-admin', 'acme/ledger', 'other/Shop'].map((name) => ({
  value: name,
  names: [name, name.split('/')[1] ?? ''],
}))
const find = (reference: string) => resolveReference('repositories', reference, candidates)

describe('a reference as a person says it', () => {
  it('is used when it is clear: the whole name first, then a word, then a part of it', () => {
    expect(find('ACME/Web-Shop')).toBe('acme/web-shop')
    expect(find('shop')).toBe('other/Shop')
    expect(find('ledg')).toBe('acme/ledger')
  })

  it('comes back with choices when several fit', () => {
    expect(() => find('web')).toThrow(
      expect.objectContaining({ kind: 'ambiguous', choices: ['acme/web-shop', 'acme/web-admin'] }),
    )
  })

  it('comes back with the nearest when none fits', () => {
    expect(() => find('web-shpo')).toThrow(
      expect.objectContaining({ kind: 'not_found', choices: expect.arrayContaining(['acme/web-shop']) }),
    )
    expect(() => find('zzz')).toThrow(expect.objectContaining({ kind: 'not_found', choices: [] }))
  })
})

describe('a moment as a person says it', () => {
  const now = Date.UTC(2026, 10, 22, 15, 30)

  it.each([
    ['today', '2026-11-22T00:00:00Z'],
    ['Yesterday', '2026-11-21T00:00:00Z'],
    ['last 7 days', '2026-11-15T00:00:00Z'],
    ['2026-11-01', '2026-11-01T00:00:00Z'],
    ['2026-11-01T10:00:00+02:00', '2026-11-01T08:00:00Z'],
  ])('%s', (text, expected) => expect(parseMoment(text, now)).toBe(expected))

  it.each(['soon', '11/22/2026', '2026-13-45', ''])('%j is refused, with what is understood', (text) => {
    expect(() => parseMoment(text, now)).toThrow(/ISO 8601/)
  })
})
