import { describe, expect, it } from 'vitest'
import { randomBytes } from '../../src/core/bytes.ts'
import type { KeyRing } from '../../src/core/seal.ts'
import type { Place } from '../../src/vault/envelope.ts'
import { bent } from '../support/bent.ts'
import {
  newUserKey,
  openRecord,
  rewrapUserKey,
  sealRecord,
  unwrapUserKey,
  wrappedUnder,
} from '../../src/vault/envelope.ts'

const first = randomBytes(32)
const second = randomBytes(32)
const oldRing: KeyRing = { keks: new Map([['1', first]]), activeKek: '1' }
const bothRing: KeyRing = {
  keks: new Map([
    ['1', first],
    ['2', second],
  ]),
  activeKek: '2',
}
const newRing: KeyRing = { keks: new Map([['2', second]]), activeKek: '2' }
const alice = { project: 'acme', user: 'alice' }
const place: Place = { ...alice, provider: 'github', connection: 'c1', field: 'access', generation: 3 }
const token = 'gho_canary'

describe('a sealed record', () => {
  it('opens where it was sealed, and looks different each time', async () => {
    const { key } = await newUserKey(oldRing, alice)
    const blob = await sealRecord(key, place, token)
    expect(blob).not.toContain(token)
    expect(await sealRecord(key, place, token)).not.toBe(blob)
    expect(await openRecord(key, place, blob)).toEqual({ ok: true, value: token })
  })

  it.each<[string, Partial<Place>]>([
    ['another project', { project: 'other' }],
    ['another user', { user: 'bob' }],
    ['another provider', { provider: 'google' }],
    ['another connection', { connection: 'c2' }],
    ['another field', { field: 'refresh' }],
    ['an earlier generation', { generation: 2 }],
    ['fields shifted by a character', { provider: 'githubc', connection: '1' }],
  ])('does not open in the place of %s', async (_, other) => {
    const { key } = await newUserKey(oldRing, alice)
    const blob = await sealRecord(key, place, token)
    expect(await openRecord(key, { ...place, ...other }, blob)).toEqual({ ok: false, error: 'integrity' })
  })

  it("does not open under another user's key", async () => {
    const { key } = await newUserKey(oldRing, alice)
    const { key: bobs } = await newUserKey(oldRing, { ...alice, user: 'bob' })
    const blob = await sealRecord(key, place, token)
    expect(await openRecord(bobs, place, blob)).toEqual({ ok: false, error: 'unknown_key' })
    expect(await openRecord({ ...bobs, id: key.id }, place, blob)).toEqual({ ok: false, error: 'integrity' })
  })

  it('gives nothing when truncated or altered anywhere', async () => {
    const { key } = await newUserKey(oldRing, alice)
    const blob = await sealRecord(key, place, token)
    for (let size = 0; size < blob.length; size += 7) {
      expect((await openRecord(key, place, blob.slice(0, size))).ok).toBe(false)
    }
    for (let at = 0; at < blob.length - 1; at += 5) {
      expect((await openRecord(key, place, bent(blob, at))).ok).toBe(false)
    }
  })

  it('does not accept the parts of two records', async () => {
    const { key } = await newUserKey(oldRing, alice)
    const [one, two] = [await sealRecord(key, place, 'one'), await sealRecord(key, place, 'two')].map((b) =>
      b.split('.'),
    )
    expect(one && two && (await openRecord(key, place, [...one.slice(0, 3), two[3]].join('.')))).toEqual({
      ok: false,
      error: 'integrity',
    })
  })
})

describe("a user's key", () => {
  it('opens under the old key-encryption key while both are there, and after rewrapping under the new one alone', async () => {
    const { wrapped, key } = await newUserKey(oldRing, alice)
    const blob = await sealRecord(key, place, token)
    const rewrapped = await rewrapUserKey(bothRing, alice, wrapped)
    if (!rewrapped.ok) throw new Error(rewrapped.error)
    expect([wrappedUnder(wrapped), wrappedUnder(rewrapped.value)]).toEqual(['1', '2'])
    const later = await unwrapUserKey(newRing, alice, rewrapped.value)
    if (!later.ok) throw new Error(later.error)
    expect(await openRecord(later.value, place, blob)).toEqual({ ok: true, value: token })
  })

  it('says so when its key-encryption key is gone', async () => {
    const { wrapped } = await newUserKey(oldRing, alice)
    expect(await unwrapUserKey(newRing, alice, wrapped)).toEqual({ ok: false, error: 'unknown_key' })
  })

  it('does not open for another owner, under a relabelled key or truncated', async () => {
    const { wrapped } = await newUserKey(oldRing, alice)
    const relabelled = wrapped.replace('k1.1.', 'k1.2.')
    expect(await unwrapUserKey(oldRing, { ...alice, user: 'bob' }, wrapped)).toEqual({ ok: false, error: 'integrity' })
    expect(await unwrapUserKey({ keks: new Map([['2', first]]), activeKek: '2' }, alice, relabelled)).toEqual({
      ok: false,
      error: 'integrity',
    })
    expect((await unwrapUserKey(oldRing, alice, wrapped.slice(0, -3))).ok).toBe(false)
    expect(await unwrapUserKey(oldRing, alice, 'nonsense')).toEqual({ ok: false, error: 'malformed' })
  })
})
