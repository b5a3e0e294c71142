import { asRead, originOf, unwrapped } from './as-read.ts'
import type { Finding } from './finding.ts'
import { finding } from './finding.ts'
import type { Pattern } from './instruction-patterns.ts'
import { instructionPatterns as patterns } from './instruction-patterns.ts'
import { WordFinder } from './word-finder.ts'

const triggers = [...new Set(patterns.flatMap(({ needs }) => needs.flat()))]
const finder = new WordFinder(triggers)
const needed = patterns.map(({ needs }) => needs.map((group) => group.map((word) => triggers.indexOf(word))))

const always = patterns.filter(({ needs }) => needs.length === 0)

/** Patterns whose words are there. Most texts have none, and are then done. */
function candidates(text: string): readonly Pattern[] {
  const found = finder.find(text)
  if (found === null) return always
  return patterns.filter((_, i) => needed[i]?.every((group) => group.some((word) => found[word] === 1)))
}

/** One for each pattern that meets. Every pattern is bounded, so that the time is linear in the text. */
export function instructionFindings(text: string, path: string): Finding[] {
  const firsts = new Map<string, Finding>()
  for (const { pattern, start } of matches(candidates(text), text)) {
    const { what, kind = 'instruction', severity } = pattern
    if (!firsts.has(what)) firsts.set(what, finding(kind, severity, path, what, text, start))
  }
  return [...firsts.values()]
}

/** Orders only: what `instructionFindings` calls a danger. Where each stands in the text, in UTF-16 units. */
export function ordersIn(text: string): { what: string; start: number; end: number }[] {
  const orders = candidates(text).filter(({ severity }) => severity === 'danger')
  return matches(orders, text).map(({ pattern, start, end }) => ({ what: pattern.what, start, end }))
}

type Match = { pattern: Pattern; start: number; end: number }

function matches(tried: readonly Pattern[], text: string): Match[] {
  // Most texts in which the words are hold nothing: only of the others is it worth to know where.
  if (tried.length === 0 || found(tried, text, false).length === 0) return []
  return found(tried, text, true)
}

function found(tried: readonly Pattern[], text: string, traced: boolean): Match[] {
  const lines = asRead(text, { traced })
  const joined = unwrapped(lines)
  return tried.flatMap((pattern) => {
    const read = pattern.lines ? lines : joined
    const all = [...read.text.matchAll(pattern.pattern)].filter(([match]) => pattern.confirm?.test(match) !== false)
    return all.map(({ 0: match, index }) => {
      return { pattern, start: originOf(read, index), end: originOf(read, index + match.length - 1) + 1 }
    })
  })
}
