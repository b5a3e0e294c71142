import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { digestKey, hmacSync, sha256Sync } from '../../src/core/sha256.ts'
import { runs } from '../support/property.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('sha256Sync', () => {
  it('gives the digests of FIPS 180-4', () => {
    expect(hex(sha256Sync(utf8('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    expect(hex(sha256Sync())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  })

  it('agrees with the platform for every length around a block, in one part or several', () => {
    for (let length = 0; length < 200; length++) {
      const data = Uint8Array.from({ length }, (_, i) => i * 7)
      const wanted = createHash('sha256').update(data).digest('hex')
      expect(hex(sha256Sync(data))).toBe(wanted)
      expect(hex(sha256Sync(data.slice(0, length >> 1), data.slice(length >> 1)))).toBe(wanted)
    }
  })
})

describe('hmacSync', () => {
  it('agrees with the platform for any key and message', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 100 }),
        fc.uint8Array({ maxLength: 300 }),
        (key, message) => {
          expect(hex(hmacSync(digestKey(key), message))).toBe(createHmac('sha256', key).update(message).digest('hex'))
        },
      ),
      { numRuns: runs(200) },
    )
  })
})
