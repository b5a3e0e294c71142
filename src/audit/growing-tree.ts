import type { Bytes } from '../core/bytes.ts'
import { emptyRoot, nodeHash } from './tree.ts'

/**
 * The root of a tree that only grows, in a few hashes of memory: the roots of its complete subtrees (a compact range).
 * `prefix` lets it start at a size, for an export that begins in the middle.
 */
export class GrowingTree {
  #size: number
  readonly #peaks: { count: number; hash: Bytes }[] = []

  constructor(size = 0, prefix: readonly Bytes[] = []) {
    this.#size = size
    let rest = size
    for (const hash of prefix) {
      const count = 2 ** Math.floor(Math.log2(rest))
      this.#peaks.push({ count, hash })
      rest -= count
    }
    if (rest !== 0) throw new Error(`${prefix.length} hashes do not make a tree of ${size}`)
  }

  get size(): number {
    return this.#size
  }

  append(leafHash: Bytes): void {
    let grown = { count: 1, hash: leafHash }
    for (let last = this.#peaks.at(-1); last?.count === grown.count; last = this.#peaks.at(-1)) {
      this.#peaks.pop()
      grown = { count: grown.count * 2, hash: nodeHash(last.hash, grown.hash) }
    }
    this.#peaks.push(grown)
    this.#size++
  }

  root(): Bytes {
    const [first, ...rest] = this.#peaks.map((peak) => peak.hash).toReversed()
    return first === undefined ? emptyRoot() : rest.reduce((right, left) => nodeHash(left, right), first)
  }
}
