import { replaceLookAlikes } from '../policy/policy.ts'

/** The automaton's alphabet: ASCII. Whatever else there is, is folded into it or ends a word. */
const alphabet = 128
const skipped = 128
const other = 129
/** Stands for several letters, or for one beyond the first plane: whoever meets it has to look properly. */
const odd = 130

const codesOf = (characters: string): number[] => Array.from(characters, (one) => one.charCodeAt(0))
const space = 32
const otherSpace = codesOf('\t\n\v\f\r')
/** What begins the lines of a comment or a quotation. */
const prefixes = codesOf('/#>;%*-')

/**
 * Which of many words stand in a text, whatever their case, in one pass (Aho and Corasick, 1975). Look-alike letters count as
 * what they look like, what nobody sees counts as nothing, and white space of any kind and length as one space: a text is read
 * as a model may read it.
 */
export class WordFinder {
  readonly #next: Int16Array
  readonly #ends: (readonly number[] | undefined)[]
  /** Whether a word ends in the state: most do not, and this is looked at for every character. */
  readonly #isEnd: Uint8Array
  readonly #found: Uint8Array

  constructor(words: readonly string[]) {
    const states = words.reduce((sum, word) => sum + word.length, 1)
    this.#next = new Int16Array(states * alphabet)
    this.#ends = Array.from({ length: states }, () => undefined)
    this.#found = new Uint8Array(words.length)
    this.#isEnd = new Uint8Array(states)
    this.#build(words)
  }

  /** By the words' positions: 0 where a word is surely not there. Null when none is. Good until the next call. */
  find(text: string): Uint8Array | null {
    const next = this.#next
    const isEnd = this.#isEnd
    let found: Uint8Array | null = null
    let state = 0
    for (let i = 0; i < text.length; i++) {
      let code = text.charCodeAt(i)
      if (code >= alphabet) {
        code = folded(code)
        if (code === skipped) continue
        if (code === odd) return this.#found.fill(1)
      }
      state = code === other ? 0 : (next[state * alphabet + code] as number)
      if (isEnd[state] === 0) continue
      found ??= this.#found.fill(0)
      for (const word of this.#ends[state] ?? []) found[word] = 1
    }
    return found
  }

  #build(words: readonly string[]): void {
    const next = this.#next
    const ends: (number[] | undefined)[] = []
    let made = 1
    for (const [word, text] of words.entries()) {
      let state = 0
      for (const character of text) {
        const at = state * alphabet + lower(character.charCodeAt(0))
        next[at] ||= made++
        state = next[at] ?? 0
      }
      ;(ends[state] ??= []).push(word)
    }
    const fallback = new Int16Array(made)
    const queue: number[] = []
    for (let code = 0; code < alphabet; code++) {
      const to = next[code] ?? 0
      if (to !== 0) queue.push(to)
    }
    for (let at = 0; at < queue.length; at++) {
      const state = queue[at] ?? 0
      const back = fallback[state] ?? 0
      const inherited = ends[back]
      if (inherited !== undefined) ends[state] = [...(ends[state] ?? []), ...inherited]
      for (let code = 0; code < alphabet; code++) {
        const to = next[state * alphabet + code] ?? 0
        const instead = next[back * alphabet + code] ?? 0
        if (to === 0) next[state * alphabet + code] = instead
        else {
          fallback[to] = instead
          queue.push(to)
        }
      }
    }
    for (let state = 0; state < made; state++) {
      this.#ends[state] = ends[state]
      this.#isEnd[state] = ends[state] === undefined ? 0 : 1
      for (let code = 65; code <= 90; code++) next[state * alphabet + code] = next[state * alphabet + code + 32] ?? 0
      // Any white space is one space, also with what begins the lines of a comment: the words may stand on two lines.
      const spaced = next[state * alphabet + space] ?? 0
      for (const code of otherSpace) next[state * alphabet + code] = spaced
      if (spaced > 0) for (const code of [space, ...otherSpace, ...prefixes]) next[spaced * alphabet + code] ||= spaced
    }
  }
}

const lower = (code: number): number => (code >= 65 && code <= 90 ? code + 32 : code)

/** By UTF-16 unit; 0: not asked for yet. */
const folds = new Uint8Array(65_536)

function folded(code: number): number {
  return (folds[code] ||= fold(String.fromCharCode(code)))
}

function fold(character: string): number {
  if (/[\ud800-\udfff]/.test(character)) return foldSurrogate(character.charCodeAt(0))
  // A byte order mark is white space by name, and in truth nothing.
  if (/[\s\u0085]/.test(character) && character !== '\ufeff') return space
  if (/[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{Mn}]/u.test(character)) return skipped
  const plain = replaceLookAlikes(character.normalize('NFKC'))
  if (plain.length !== 1) return odd
  const code = plain.charCodeAt(0)
  return code > 0 && code < alphabet ? code : other
}

/** Mathematical and enclosed letters are letters (NFKC); tag characters are nothing; emoji are no letters. */
function foldSurrogate(unit: number): number {
  if (unit === 0xd835 || (unit >= 0xdd00 && unit <= 0xdd8f)) return odd
  return unit === 0xdb40 || unit >= 0xdc00 ? skipped : other
}
