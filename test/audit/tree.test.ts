import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Tiles } from '../../src/audit/tree.ts'
import { appendLeaves, consistencyProof, inclusionProof, leafHash, rootOf } from '../../src/audit/tree.ts'
import { verifyConsistency, verifyInclusion } from '../../src/audit/verify-proof.ts'
import '../support/property.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const sha = (...parts: Uint8Array[]): Uint8Array => createHash('sha256').update(Buffer.concat(parts)).digest()

function memoryTiles(): Tiles {
  const tiles = new Map<string, Uint8Array>()
  return {
    read: (level, index) => tiles.get(`${level}/${index}`),
    write: (level, index, hashes) => void tiles.set(`${level}/${index}`, hashes),
  }
}

/** MTH of RFC 6962 §2.1, word for word. */
function definition(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha()
  if (leaves.length === 1) return sha(Uint8Array.of(0), leaves[0] as Uint8Array)
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return sha(Uint8Array.of(1), definition(leaves.slice(0, k)), definition(leaves.slice(k)))
}

const data = Array.from({ length: 700 }, (_, i) => Buffer.from(`leaf ${i}`))
const grow = (size: number, tiles = memoryTiles(), from = 0): Tiles => {
  appendLeaves(tiles, from, data.slice(from, size).map(leafHash))
  return tiles
}

/** The test vectors of the reference implementation of Certificate Transparency. */
const ctLeaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
const ctRoots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

describe('the tree', () => {
  it('has the roots of the Certificate Transparency test vectors', () => {
    const tiles = memoryTiles()
    ctLeaves.forEach((leaf, i) => {
      appendLeaves(tiles, i, [leafHash(Buffer.from(leaf, 'hex'))])
      expect(hex(rootOf(tiles, i + 1))).toBe(ctRoots[i])
    })
  })

  it('has the root RFC 6962 defines at every size, however the leaves came', () => {
    const inSteps = memoryTiles()
    let before = 0
    for (const size of [0, 1, 2, 3, 7, 13, 64, 100, 255, 256, 257, 300, 511, 512, 513, 530]) {
      const wanted = hex(definition(data.slice(0, size)))
      expect(hex(rootOf(grow(size), size))).toBe(wanted)
      expect(hex(rootOf(grow(size, inSteps, before), size))).toBe(wanted)
      before = size
    }
  })

  it('still knows the roots of its past', () => {
    const tiles = grow(700)
    for (const size of [1, 255, 256, 300, 512, 699]) {
      expect(hex(rootOf(tiles, size))).toBe(hex(definition(data.slice(0, size))))
    }
  })

  it('reaches into a third level of tiles', () => {
    const tiles = memoryTiles()
    const hash = leafHash(Buffer.from('x'))
    const size = 256 * 256 + 300
    for (let at = 0; at < size; at += 4096) {
      appendLeaves(
        tiles,
        at,
        Array.from({ length: Math.min(4096, size - at) }, () => hash),
      )
    }
    const root = rootOf(tiles, size)
    expect(verifyInclusion(hash, 65_540, size, inclusionProof(tiles, 65_540, size), root)).toBe(true)
    expect(verifyConsistency(65_537, rootOf(tiles, 65_537), size, root, consistencyProof(tiles, 65_537, size))).toBe(
      true,
    )
  })

  it('refuses to grow when a tile was lost', () => {
    const tiles = grow(300)
    tiles.write(0, 1, new Uint8Array(32))
    expect(() => appendLeaves(tiles, 300, [leafHash(Buffer.from('x'))])).toThrow('does not fit')
  })
})

describe('proofs', () => {
  const tiles = grow(700)
  const sizes = fc.integer({ min: 1, max: 700 })

  it('show every leaf in every tree that holds it', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), (size, pick) => {
        const index = pick % size
        const proof = inclusionProof(tiles, index, size)
        const leaf = leafHash(data[index] as Uint8Array)
        expect(verifyInclusion(leaf, index, size, proof, rootOf(tiles, size))).toBe(true)
        expect(verifyInclusion(leafHash(Buffer.from('other')), index, size, proof, rootOf(tiles, size))).toBe(false)
        expect(verifyInclusion(leaf, index + 1, size, proof, rootOf(tiles, size))).toBe(false)
      }),
    )
  })

  it('show that a tree begins with an older one, and no tree begins with another past', () => {
    fc.assert(
      fc.property(sizes, sizes, (a, b) => {
        const [older, size] = [Math.min(a, b), Math.max(a, b)]
        const proof = consistencyProof(tiles, older, size)
        const root = rootOf(tiles, size)
        expect(verifyConsistency(older, rootOf(tiles, older), size, root, proof)).toBe(true)
        expect(verifyConsistency(older, leafHash(Buffer.from('x')), size, root, proof)).toBe(false)
        expect(verifyConsistency(older, rootOf(tiles, older), size, root, [...proof, root])).toBe(false)
      }),
    )
  })

  it('are refused for leaves and trees that do not exist', () => {
    expect(() => inclusionProof(tiles, 700, 700)).toThrow(RangeError)
    expect(() => consistencyProof(tiles, 701, 700)).toThrow(RangeError)
    expect(verifyInclusion(leafHash(Buffer.from('x')), 5, 5, [], rootOf(tiles, 5))).toBe(false)
  })
})
