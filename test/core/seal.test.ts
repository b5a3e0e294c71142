import { describe, expect, it } from 'vitest'
import { randomBytes } from '../../src/core/bytes.ts'
import type { KeyRing } from '../../src/core/seal.ts'
import { openSecret, rewrapSecret, sealSecret, sealedUnder } from '../../src/core/seal.ts'

const kek = randomBytes(32)
const ring: KeyRing = { keks: new Map([['a', kek]]), activeKek: 'a' }
const context = ['provider', 'acme', 'github']

describe('a secret of the project', () => {
  it('opens in its own row only', async () => {
    const sealed = await sealSecret(ring, context, 's3cret')
    expect(sealed).not.toContain('s3cret')
    expect(sealedUnder(sealed)).toBe('a')
    expect(await openSecret(ring, context, sealed)).toEqual({ ok: true, value: 's3cret' })
    expect(await openSecret(ring, ['provider', 'acme', 'google'], sealed)).toEqual({ ok: false, error: 'integrity' })
    expect(await openSecret(ring, ['provider', 'acmegithub'], sealed)).toEqual({ ok: false, error: 'integrity' })
  })

  it('can be put under a new key without knowing what it is for', async () => {
    const both: KeyRing = { keks: new Map([...ring.keks, ['b', randomBytes(32)]]), activeKek: 'b' }
    const rewrapped = await rewrapSecret(both, await sealSecret(ring, context, 's3cret'))
    if (!rewrapped.ok) throw new Error(rewrapped.error)
    const alone: KeyRing = { keks: new Map([...both.keks].filter(([id]) => id === 'b')), activeKek: 'b' }
    expect(sealedUnder(rewrapped.value)).toBe('b')
    expect(await openSecret(alone, context, rewrapped.value)).toEqual({ ok: true, value: 's3cret' })
    expect(await openSecret(alone, ['elsewhere'], rewrapped.value)).toEqual({ ok: false, error: 'integrity' })
    expect(await rewrapSecret(alone, await sealSecret(ring, context, 'x'))).toEqual({ ok: false, error: 'unknown_key' })
    expect(await rewrapSecret(both, 's1.a.AAAA.BBBB')).toEqual({ ok: false, error: 'integrity' })
    expect(await rewrapSecret(both, 'nonsense')).toEqual({ ok: false, error: 'malformed' })
  })

  it('says why it does not open', async () => {
    const sealed = await sealSecret(ring, context, 's3cret')
    const others: KeyRing = { keks: new Map([['b', kek]]), activeKek: 'b' }
    expect(await openSecret(others, context, sealed)).toEqual({ ok: false, error: 'unknown_key' })
    for (const broken of ['', 's1', 's1.a', 's1.a.x', `${sealed}.x`, sealed.replace('s1.', 's2.')]) {
      expect(await openSecret(ring, context, broken)).toEqual({ ok: false, error: 'malformed' })
    }
    expect(await openSecret(ring, context, sealed.slice(0, -4))).toEqual({ ok: false, error: 'integrity' })
  })
})
