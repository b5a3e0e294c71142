import type { Tool } from '../../core/tool.ts'
import { fieldsOf } from './fields.ts'
import { askedWords, joined, stem } from './words.ts'

/** How much a word of a tool says about it: by the field it stands in, and by how long that field is. */
type Posting = { tool: number; weight: number }

/** BM25 (Robertson and Zaragoza 2009, §3.6, several fields), with fixed lengths in the place of averages. */
const saturation = 1.2
/** A word that only begins with what was asked counts by how much of it was asked. */
const beginning = 0.7
const shortestBeginning = 3

/**
 * Ranks the tools of one version of a gateway by words, without a model. Made once for each version and isolate.
 *
 * What a caller may not use leaves no trace in what they find: how rare a word is, is counted among the tools they may use,
 * so a hidden tool neither takes a place nor moves one.
 */
export class ToolIndex {
  readonly #tools: readonly Tool[]
  readonly #postings = new Map<string, Posting[]>()
  readonly #vocabulary: readonly string[]
  readonly #names: readonly string[]

  /** `appOf`: what people call the source of a tool. */
  constructor(tools: readonly Tool[], appOf: (tool: Tool) => string) {
    this.#tools = tools
    this.#names = tools.map((tool) => bare(tool.name))
    for (const [i, tool] of tools.entries()) this.#add(i, tool, appOf(tool))
    this.#vocabulary = [...this.#postings.keys()].toSorted()
  }

  /**
   * Tools that have something of the query, the best first; of equals those that only read, then in order of name. `mayUse` is asked once for each tool that
   * has a word of it.
   */
  search(query: string, mayUse: (tool: Tool) => boolean): Tool[] {
    const asked = [...new Set(askedWords(query).map(stem))]
    const compounds = joined(askedWords(query)).filter((word) => this.#postings.has(word))
    const seen = new Map<number, boolean>()
    const visible = (i: number): boolean => {
      const known = seen.get(i)
      if (known !== undefined) return known
      const tool = this.#tools[i]
      const may = tool !== undefined && mayUse(tool)
      seen.set(i, may)
      return may
    }
    const found = [...asked, ...compounds].map((word) => this.#matches(word, visible))
    const reached = new Set(found.flatMap((matches) => [...matches.keys()])).size
    const scores = new Map<number, { score: number; words: number }>()
    for (const matches of found) {
      const rarity = Math.log(1 + (reached - matches.size + 0.5) / (matches.size + 0.5))
      for (const [i, weight] of matches) {
        const before = scores.get(i) ?? { score: 0, words: 0 }
        scores.set(i, { score: before.score + (rarity * weight) / (saturation + weight), words: before.words + 1 })
      }
    }
    const named = bare(query)
    const rank = (i: number): number => {
      const { score, words } = scores.get(i) ?? { score: 0, words: 0 }
      // All of the words in one tool say more than one of them often.
      return score * (0.4 + (0.6 * words) / Math.max(1, asked.length)) + (this.#names[i] === named ? 100 : 0)
    }
    return [...scores.keys()]
      .map((i) => ({ i, rank: rank(i) }))
      .toSorted((a, b) => b.rank - a.rank || this.#risk(a.i) - this.#risk(b.i) || a.i - b.i)
      .flatMap(({ i }) => this.#tools[i] ?? [])
  }

  #risk(i: number): number {
    const { operation, destructive } = this.#tools[i]?.behaviour ?? {}
    return (operation === 'read' ? 0 : 1) + (destructive ? 1 : 0)
  }

  #add(i: number, tool: Tool, app: string): void {
    const weights = new Map<string, number>()
    for (const { words, weight, length } of fieldsOf(tool, app)) {
      // Half of the length counts: a long description is not worse, but its words say less each.
      const each = weight / (0.5 + (0.5 * words.length) / (2 * length))
      for (const word of words) weights.set(word, (weights.get(word) ?? 0) + each)
    }
    for (const [word, weight] of weights) {
      const postings = this.#postings.get(word)
      if (postings) postings.push({ tool: i, weight })
      else this.#postings.set(word, [{ tool: i, weight }])
    }
  }

  /** Tools with the word or with one that begins like it, each with the best it has. */
  #matches(word: string, visible: (i: number) => boolean): Map<number, number> {
    const found = new Map<number, number>()
    const add = (term: string, share: number): void => {
      for (const { tool, weight } of this.#postings.get(term) ?? []) {
        if (visible(tool)) found.set(tool, Math.max(found.get(tool) ?? 0, weight * share))
      }
    }
    add(word, 1)
    if (word.length < shortestBeginning) return found
    for (let at = this.#firstFrom(word); this.#vocabulary[at]?.startsWith(word); at++) {
      const term = this.#vocabulary[at] ?? ''
      if (term !== word) add(term, (beginning * word.length) / term.length)
    }
    return found
  }

  #firstFrom(word: string): number {
    let low = 0
    let high = this.#vocabulary.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#vocabulary[middle] ?? '') < word) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** A name as it may be typed: without case and separators. */
const bare = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '')
