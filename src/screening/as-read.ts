import { replaceLookAlikes } from '../policy/policy.ts'
import { unread } from './hidden-characters.ts'

/**
 * A text after replacements. Where it is `traced`, `origins` says where each of its UTF-16 units stood before; null: where it
 * stands now.
 */
export type AsRead = { text: string; traced: boolean; origins: readonly number[] | null }

export const originOf = ({ origins }: AsRead, index: number): number => (origins ? (origins[index] ?? 0) : index)

const plainText = /^[\t\n\r -~]*$/
// oxlint-disable-next-line no-control-regex -- everything but ASCII
const odd = /[^\u0000-\u007f]+/g
const mimics = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Lisu}]/u

/** As a model reads it: what nobody sees must not hide a word, nor letters that only look like Latin ones. */
export function asRead(text: string, { traced }: { traced: boolean }): AsRead {
  if (plainText.test(text)) return { text, traced, origins: null }
  // Of equal length. Some of these are control characters too, and would take the space between two words with them.
  let read: AsRead = { text: text.replace(oddBreaks, '\n'), traced, origins: null }
  for (const pattern of unread) read = replaced(read, pattern, () => '')
  return replaced(read, odd, asLatin)
}

// oxlint-disable-next-line no-control-regex -- line breaks that are no line feeds
const oddBreaks = /[\u000b\u000c\u0085\u2028\u2029]/g

function asLatin(text: string): string {
  const compatible = text.normalize('NFKC')
  return mimics.test(compatible) ? replaceLookAlikes(compatible) : compatible
}

/** White space but for one space, and what begins the lines of a comment or a quotation. */
const breaks = /(?:\s{2,}|[^\S ])(?:(?:\/\/+!?|#+|>[> \t]*|--+|;+|%+|\*+)[ \t]*)?/g
const listItem = /[-+\u2022|"[\]{}]|\d{1,3}[.)]\s/y

/**
 * With each wrapped paragraph on one line, and one space between two words: a line break within a sentence says nothing, and
 * must not hide one. Paragraphs, items of lists, headings, rows and members of JSON stay on lines of their own.
 */
export function unwrapped(read: AsRead): AsRead {
  const whole = read.text
  return replaced(read, breaks, (found, index) => {
    const space = found.length - found.trimStart().length
    const prefix = found.slice(space)
    const lines = found.slice(0, space).split(/\r\n?|\n/).length - 1
    if (lines === 0) return ` ${prefix}`
    return lines === 1 && goesOn(whole, index + found.length, prefix) ? ' ' : `\n${prefix}`
  })
}

/** Whether the text from there on continues the line before. */
function goesOn(text: string, at: number, prefix: string): boolean {
  const next = text[at]
  if (next === undefined || /\s/.test(next) || prefix.startsWith('##')) return false
  // Of a comment or of a list: only the sentence tells.
  if (prefix.startsWith('*')) return /\p{Ll}/u.test(next)
  listItem.lastIndex = at
  return prefix !== '' || !listItem.test(text)
}

function replaced(read: AsRead, pattern: RegExp, by: (found: string, index: number) => string): AsRead {
  if (!read.traced) return { ...read, text: read.text.replace(pattern, (found, index: number) => by(found, index)) }
  const origins: number[] = []
  let text = ''
  let from = 0
  const keep = (to: number): void => {
    for (let i = from; i < to; i++) origins.push(originOf(read, i))
    text += read.text.slice(from, to)
  }
  for (const { 0: found, index } of read.text.matchAll(pattern)) {
    keep(index)
    const instead = by(found, index)
    for (let i = 0; i < instead.length; i++) origins.push(originOf(read, index + Math.min(i, found.length - 1)))
    text += instead
    from = index + found.length
  }
  keep(read.text.length)
  return { ...read, text, origins }
}
