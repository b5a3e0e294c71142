import type { Bytes } from '../core/bytes.ts'
import { base64, timingSafeEqual } from '../core/bytes.ts'
import type { JsonObject } from '../core/json.ts'
import { bytesOrNull } from '../core/seal.ts'
import { openCheckpoint } from './checkpoint.ts'
import type { ExportHeader, ExportRecord } from './export-format.ts'
import { header, line } from './export-format.ts'
import { GrowingTree } from './growing-tree.ts'
import { leafHashOf, opensCommitment } from './leaf.ts'

/** What is wrong, and with which record: the first one concerned, and the last when it cannot be told more closely. */
export type ExportFault = {
  kind: 'altered' | 'removed' | 'reordered' | 'cut_off' | 'payload_altered' | 'head_forged' | 'unreadable'
  sequence: number
  upTo?: number
  text: string
}

export type ExportVerdict = {
  faults: ExportFault[]
  from: number
  /** One more than the last record seen. */
  to: number
  /** The largest signed head that the records agree with. */
  proven: number
  heads: number
  payloads: number
  /** Sizes of heads kept elsewhere that this export says nothing about: it begins behind them, or has a hole before them. */
  unchecked: number[]
}

export type VerifyOptions = {
  /** The Ledger's key, known from elsewhere. Without it the export is only checked against itself. */
  verifier?: string
  /** Heads kept elsewhere (a SIEM, a bucket, a colleague): what the operator cannot have changed. */
  heads?: readonly string[]
}

/** Checks an export, or parts of an archive one behind the other: no network, no clock, no trust in whoever made it. */
export async function verifyExport(
  lines: AsyncIterable<string> | Iterable<string>,
  options: VerifyOptions = {},
): Promise<ExportVerdict> {
  const check = new Check(options)
  for await (const text of lines) if (text.trim() !== '') await check.line(text)
  return check.finish()
}

class Check {
  readonly #options: VerifyOptions
  readonly #faults: ExportFault[] = []
  readonly #outside = new Map<number, Bytes>()
  readonly #compared = new Set<number>()
  #tree: GrowingTree | null = null
  #verifier = ''
  #from = 0
  #next = 0
  #proven = 0
  #claimed = 0
  #heads = 0
  #payloads = 0
  #ended = false
  #holed = false
  #number = 0

  constructor(options: VerifyOptions) {
    this.#options = options
  }

  async line(text: string): Promise<void> {
    this.#number++
    const value = parse(text)
    if (this.#tree === null) return this.#begin(value)
    const next = header.safeParse(value)
    if (next.success) return this.#continue(next.data)
    const read = line.safeParse(value)
    if (!read.success) return this.#fault('unreadable', this.#next, `line ${this.#number} is no part of an export`)
    if (this.#ended) return this.#fault('unreadable', this.#next, `line ${this.#number} stands behind the end`)
    if ('hash' in read.data) return this.#record(read.data)
    if ('checkpoint' in read.data) return this.#head(read.data.checkpoint)
    this.#ended = true
    const { end } = read.data
    if (end > this.#next) this.#fault('cut_off', this.#next, `the export says it has ${end} records`)
    else if (end < this.#next) this.#fault('unreadable', end, `the export says it has ${end} records, and has more`)
  }

  finish(): ExportVerdict {
    for (const [size] of this.#outside) {
      if (size > this.#next) this.#cutOff(size, 'a signed head kept elsewhere')
    }
    if (this.#claimed > this.#next) this.#cutOff(this.#claimed, 'a signed head')
    if (!this.#ended && this.#faults.length === 0) {
      this.#fault('cut_off', this.#next, 'the last line is missing: the file is not whole')
    }
    return {
      faults: this.#faults.toSorted((a, b) => a.sequence - b.sequence),
      from: this.#from,
      to: this.#next,
      proven: this.#proven,
      heads: this.#heads,
      payloads: this.#payloads,
      unchecked: [...this.#outside.keys()].filter((size) => size <= this.#next && !this.#compared.has(size)),
    }
  }

  async #begin(value: unknown): Promise<void> {
    const read = header.safeParse(value)
    if (!read.success) throw new Error('this is no ledger export: the first line is not its header')
    const { from, prefix, verifier } = read.data
    this.#from = this.#next = this.#proven = from
    this.#verifier = this.#options.verifier ?? verifier
    this.#tree = treeOf(from, prefix)
    for (const note of this.#options.heads ?? []) {
      const head = await openCheckpoint(note, this.#verifier)
      if (head) this.#outside.set(head.size, head.root)
      else this.#fault('head_forged', from, 'a signed head kept elsewhere is not signed with this key')
    }
    const before = this.#outside.get(from)
    if (before) this.#compared.add(from)
    if (from > 0 && before && !timingSafeEqual(before, this.#tree.root()))
      this.#fault('altered', 0, `what comes before record ${from} is not what a signed head kept elsewhere covers`)
  }

  /** The next part of an archive: it has to begin where the one before ended, with the very same tree. */
  #continue({ from, prefix, verifier }: ExportHeader): void {
    if (!this.#ended) this.#fault('cut_off', this.#next, `the part before record ${from} is not whole`)
    if (this.#options.verifier === undefined && verifier !== this.#verifier)
      this.#fault('head_forged', from, `the part from record ${from} on is signed with another key`)
    if (from < this.#next) this.#fault('reordered', from, `record ${from} stands behind record ${this.#next - 1}`)
    else if (from > this.#next) this.#removed(this.#next, from - 1)
    const tree = treeOf(from, prefix)
    const other = !this.#holed && this.#tree?.size === from && !timingSafeEqual(this.#tree.root(), tree.root())
    if (other) this.#fault('altered', from, `the part from record ${from} on continues another record`)
    this.#tree = tree
    this.#holed = false
    this.#ended = false
    this.#next = from
    this.#number = 1
  }

  async #record(record: ExportRecord): Promise<void> {
    const { sequence, leaf, hash, payload } = record
    if (sequence < this.#next) return this.#reordered(sequence)
    if (sequence > this.#next) this.#missing(sequence)
    const stated = bytesOrNull(hash)
    const computed = leaf === undefined ? null : await leafHashOf(leaf)
    if (computed === null) this.#removed(sequence, sequence)
    else if (base64(computed) !== hash) this.#fault('altered', sequence, `record ${sequence} is not what was recorded`)
    // The tree holds what the Ledger says it holds: then one altered record does not hide the others.
    if (stated?.length === 32) this.#tree?.append(stated)
    else this.#holed = true
    this.#next = sequence + 1
    if (payload) await this.#payload(sequence, leaf ?? '', payload)
    const outside = this.#outside.get(this.#next)
    if (!outside) return
    this.#compare(outside, 'a signed head kept elsewhere')
    if (!this.#holed) this.#compared.add(this.#next)
  }

  /** It was missed at its place already: it is not missing but moved. */
  #reordered(sequence: number): void {
    const missed = this.#faults.findIndex(
      ({ kind, sequence: from, upTo = from }) => kind === 'removed' && from <= sequence && sequence <= upTo,
    )
    const [gap] = missed < 0 ? [] : this.#faults.splice(missed, 1)
    this.#fault('reordered', sequence, `record ${sequence} stands behind record ${this.#next - 1}`)
    if (gap && gap.sequence < sequence) this.#removed(gap.sequence, sequence - 1)
    if (gap?.upTo !== undefined && gap.upTo > sequence) this.#removed(sequence + 1, gap.upTo)
  }

  /** The tree cannot be computed across a hole; what follows is still checked record by record. */
  #missing(sequence: number): void {
    this.#removed(this.#next, sequence - 1)
    this.#holed = true
  }

  #removed(from: number, upTo: number): void {
    const last = this.#faults.at(-1)
    const start = last?.kind === 'removed' && last.upTo === from - 1 ? last.sequence : from
    if (start !== from) this.#faults.pop()
    this.#fault(
      'removed',
      start,
      upTo === start ? `record ${start} is missing` : `records ${start} to ${upTo} are missing`,
      upTo,
    )
  }

  async #payload(
    sequence: number,
    leaf: string,
    { nonce, value }: { nonce: string; value: JsonObject },
  ): Promise<void> {
    const { payload: commitment } = (parse(leaf) ?? {}) as { payload?: string }
    const bytes = bytesOrNull(nonce)
    const fits = commitment !== undefined && bytes !== null && (await opensCommitment(commitment, bytes, value))
    if (fits) this.#payloads++
    else this.#fault('payload_altered', sequence, `the payload of record ${sequence} is not the one that was recorded`)
  }

  async #head(note: string): Promise<void> {
    const head = await openCheckpoint(note, this.#verifier)
    if (head === null)
      return this.#fault('head_forged', this.#next, `a head after record ${this.#next - 1} is not signed with the key`)
    this.#heads++
    if (head.size > this.#next) this.#claimed = Math.max(this.#claimed, head.size)
    else if (head.size === this.#next) this.#compare(head.root, 'the signed head')
  }

  #compare(root: Bytes, what: string): void {
    if (this.#holed || this.#tree === null) return
    if (timingSafeEqual(root, this.#tree.root())) {
      this.#proven = Math.max(this.#proven, this.#next)
      return
    }
    const text = `records ${this.#proven} to ${this.#next - 1} are not the ones ${what} covers`
    this.#fault('altered', this.#proven, text, this.#next - 1)
  }

  #cutOff(size: number, what: string): void {
    this.#fault(
      'cut_off',
      this.#next,
      `${what} covers ${size} records; everything from record ${this.#next} on is missing`,
      size - 1,
    )
  }

  #fault(kind: ExportFault['kind'], sequence: number, text: string, upTo?: number): void {
    this.#faults.push({ kind, sequence, text, ...(upTo === undefined ? {} : { upTo }) })
  }
}

const treeOf = (from: number, prefix: readonly string[]): GrowingTree =>
  new GrowingTree(
    from,
    prefix.map((hash) => bytesOrNull(hash) ?? new Uint8Array()),
  )

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return null
  }
}
