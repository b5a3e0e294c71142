import { describe, expect, it } from 'vitest'
import type { Bytes } from '../../src/core/bytes.ts'
import { openWithRecoveryKey, recoveryContext, sealToRecoveryKey } from '../../src/vault/recovery.ts'

async function pair(): Promise<{ publicKey: Bytes; privateKey: Bytes }> {
  const curve = { name: 'ECDH', namedCurve: 'P-256' }
  const made = (await crypto.subtle.generateKey(curve, true, ['deriveBits'])) as CryptoKeyPair
  return {
    publicKey: new Uint8Array((await crypto.subtle.exportKey('raw', made.publicKey)) as ArrayBuffer),
    privateKey: new Uint8Array((await crypto.subtle.exportKey('pkcs8', made.privateKey)) as ArrayBuffer),
  }
}

describe('a recovery copy', () => {
  it('opens with the private half only, and only in its place', async () => {
    const key = await pair()
    const place = recoveryContext('acme', 'alice', 'c1', 3)
    const sealed = await sealToRecoveryKey(key.publicKey, place, 'CANARY')
    expect(sealed).not.toContain('CANARY')
    expect(await openWithRecoveryKey(key.privateKey, place, sealed)).toBe('CANARY')
    expect(await openWithRecoveryKey(key.privateKey, recoveryContext('acme', 'bob', 'c1', 3), sealed)).toBeNull()
    expect(await openWithRecoveryKey(key.privateKey, recoveryContext('acme', 'alice', 'c1', 2), sealed)).toBeNull()
    expect(await openWithRecoveryKey((await pair()).privateKey, place, sealed)).toBeNull()
    expect(await openWithRecoveryKey(key.privateKey, place, sealed.slice(0, -3))).toBeNull()
    expect(await openWithRecoveryKey(key.privateKey, place, 'r1.')).toBeNull()
    expect(await openWithRecoveryKey(new Uint8Array(8), place, sealed)).toBeNull()
  })
})
