import type { Bytes } from '../core/bytes.ts'
import { timingSafeEqual } from '../core/bytes.ts'
import { nodeHash } from './tree.ts'

/** RFC 9162 §2.1.3.2. True when `leaf` (its hash) is number `index` of the tree of `size` with this root. */
export function verifyInclusion(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (index < 0 || index >= size) return false
  let fn = index
  let sn = size - 1
  let hash = leaf as Bytes
  for (const step of proof) {
    if (sn === 0) return false
    if (fn % 2 === 1 || fn === sn) {
      hash = nodeHash(step, hash)
      while (fn % 2 === 0 && fn !== 0) {
        fn /= 2
        sn = Math.floor(sn / 2)
      }
    } else {
      hash = nodeHash(hash, step)
    }
    fn = Math.floor(fn / 2)
    sn = Math.floor(sn / 2)
  }
  return sn === 0 && timingSafeEqual(hash, root)
}

/** RFC 9162 §2.1.4.2. True when the tree of `size` begins with the whole tree of `older`. */
export function verifyConsistency(
  older: number,
  olderRoot: Uint8Array,
  size: number,
  root: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (older < 0 || older > size) return false
  if (older === size) return proof.length === 0 && timingSafeEqual(olderRoot, root)
  if (older === 0) return proof.length === 0
  let fn = older - 1
  let sn = size - 1
  while (fn % 2 === 1) {
    fn = Math.floor(fn / 2)
    sn = Math.floor(sn / 2)
  }
  const path = isPowerOfTwo(older) ? [olderRoot, ...proof] : [...proof]
  const first = path.shift()
  if (first === undefined) return false
  let left = first as Bytes
  let right = first as Bytes
  for (const step of path) {
    if (sn === 0) return false
    if (fn % 2 === 1 || fn === sn) {
      left = nodeHash(step, left)
      right = nodeHash(step, right)
      while (fn % 2 === 0 && fn !== 0) {
        fn /= 2
        sn = Math.floor(sn / 2)
      }
    } else {
      right = nodeHash(right, step)
    }
    fn = Math.floor(fn / 2)
    sn = Math.floor(sn / 2)
  }
  return sn === 0 && timingSafeEqual(left, olderRoot) && timingSafeEqual(right, root)
}

const isPowerOfTwo = (n: number): boolean => Number.isInteger(Math.log2(n))
