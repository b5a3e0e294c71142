import type { Bytes } from '../core/bytes.ts'
import { sha256Sync } from '../core/sha256.ts'

/**
 * The Merkle tree of RFC 6962 §2.1 over tiles of 256 hashes, as in C2SP tlog-tiles: tile (level, index) holds up to 256
 * hashes of subtrees with 256^level leaves. An append touches the rightmost tile; a proof reads one tile per level.
 */
export type Tiles = {
  /** Hashes joined, 32 bytes each; undefined when there is none yet. */
  read(level: number, index: number): Uint8Array | undefined
  write(level: number, index: number, hashes: Uint8Array): void
}

const width = 256
const leafPrefix = Uint8Array.of(0)
const nodePrefix = Uint8Array.of(1)

export const leafHash = (data: Uint8Array): Bytes => sha256Sync(leafPrefix, data)
export const nodeHash = (left: Uint8Array, right: Uint8Array): Bytes => sha256Sync(nodePrefix, left, right)
export const emptyRoot = (): Bytes => sha256Sync()

/** Adds leaf hashes to a tree of `size` leaves. */
export function appendLeaves(tiles: Tiles, size: number, hashes: readonly Uint8Array[], level = 0): void {
  let index = Math.floor(size / width)
  let tile = tiles.read(level, index) ?? new Uint8Array()
  if (tile.length !== (size % width) * 32) throw new Error(`tile ${level}/${index} does not fit a tree of ${size}`)
  const roots: Uint8Array[] = []
  const firstRoot = index
  for (let next = 0; next < hashes.length;) {
    const part = hashes.slice(next, next + width - tile.length / 32)
    const grown = new Uint8Array(tile.length + part.length * 32)
    grown.set(tile)
    part.forEach((hash, i) => grown.set(hash, tile.length + i * 32))
    tiles.write(level, index, grown)
    next += part.length
    tile = grown
    if (tile.length === width * 32) {
      roots.push(fold(split(tile, 0, width)))
      index++
      tile = new Uint8Array()
    }
  }
  if (roots.length > 0) appendLeaves(tiles, firstRoot, roots, level + 1)
}

/** MTH(D[n]) of RFC 6962 §2.1. */
export function rootOf(tiles: Tiles, size: number): Bytes {
  return size === 0 ? emptyRoot() : range(tiles, 0, size)
}

/** Roots of the complete subtrees that make up a tree of `size`, largest first: what is needed to let it grow. */
export function peaks(tiles: Tiles, size: number): Bytes[] {
  const roots: Bytes[] = []
  let from = 0
  for (let count = 2 ** 52; count >= 1; count /= 2) {
    if (size - from < count) continue
    roots.push(subtree(tiles, from, count))
    from += count
  }
  return roots
}

export function leafHashes(tiles: Tiles, from: number, to: number): Bytes[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => subtree(tiles, from + i, 1))
}

/** PATH(m, D[n]) of RFC 6962 §2.1.1, leaf's neighbour first. */
export function inclusionProof(tiles: Tiles, index: number, size: number): Bytes[] {
  if (index < 0 || index >= size) throw new RangeError(`no leaf ${index} in a tree of ${size}`)
  const path = (from: number, to: number): Bytes[] => {
    if (to - from === 1) return []
    const middle = from + splitAt(to - from)
    return index < middle
      ? [...path(from, middle), range(tiles, middle, to)]
      : [...path(middle, to), range(tiles, from, middle)]
  }
  return path(0, size)
}

/** PROOF(m, D[n]) of RFC 6962 §2.1.2. Empty when the older tree is empty or the same. */
export function consistencyProof(tiles: Tiles, older: number, size: number): Bytes[] {
  if (older < 0 || older > size) throw new RangeError(`a tree of ${size} has no past of ${older}`)
  if (older === 0 || older === size) return []
  const proof = (from: number, to: number, whole: boolean): Bytes[] => {
    if (older === to) return whole ? [] : [range(tiles, from, to)]
    const middle = from + splitAt(to - from)
    return older <= middle
      ? [...proof(from, middle, whole), range(tiles, middle, to)]
      : [...proof(middle, to, false), range(tiles, from, middle)]
  }
  return proof(0, size, true)
}

/** The largest power of two below n. */
function splitAt(n: number): number {
  let k = 1
  while (k * 2 < n) k *= 2
  return k
}

function range(tiles: Tiles, from: number, to: number): Bytes {
  const count = to - from
  const middle = splitAt(count)
  if (count > 1 && middle * 2 !== count)
    return nodeHash(range(tiles, from, from + middle), range(tiles, from + middle, to))
  return subtree(tiles, from, count)
}

/** A complete subtree: `count` is a power of two and `from` a multiple of it. */
function subtree(tiles: Tiles, from: number, count: number): Bytes {
  let level = 0
  while (count >= width) {
    level++
    from /= width
    count /= width
  }
  // A subtree of half a tile or less lies in one tile, because it is aligned.
  const tile = tiles.read(level, Math.floor(from / width))
  if (tile === undefined || tile.length < ((from % width) + count) * 32) {
    throw new Error(`tile ${level}/${Math.floor(from / width)} is missing or short`)
  }
  return fold(split(tile, from % width, count))
}

const split = (tile: Uint8Array, from: number, count: number): Bytes[] =>
  Array.from({ length: count }, (_, i) => tile.slice((from + i) * 32, (from + i + 1) * 32) as Bytes)

function fold(hashes: Bytes[]): Bytes {
  let row = hashes
  while (row.length > 1) {
    const next: Bytes[] = []
    for (let i = 0; i < row.length; i += 2) next.push(nodeHash(row[i] as Bytes, row[i + 1] as Bytes))
    row = next
  }
  return row[0] as Bytes
}
