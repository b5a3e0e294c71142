import type { Json } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import type { Finding } from './finding.ts'
import { finding } from './finding.ts'
import { hiddenIn } from './hidden-characters.ts'
import { instructionFindings } from './instructions.ts'

/** Other scripts' letters that look like Latin ones; of Greek only those that do: `Δt` is a formula, `Αpple` is a trap. */
const mimics = /[\p{Script=Cyrillic}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Lisu}ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαικνορτυχ]/u
const words = /[\p{L}\p{M}\d_]{2,}/gu

/** Nothing but printable ASCII: nothing can hide in it. */
const plainText = /^[\t\n\r -~]*$/

const maxText = 200_000
const maxFindings = 100
const maxDepth = 64

/** Looks at one text. Linear in its length. */
export function scanText(text: string, path: string): Finding[] {
  const seen = text.slice(0, maxText)
  // What is not looked at is not clean.
  const findings = text.length > maxText ? [finding('blob', 'danger', path, 'too long to look at', text, maxText)] : []
  if (plainText.test(seen)) return [...findings, ...instructionFindings(seen, path)]
  for (const { kind, pattern } of hiddenIn(seen)) {
    const match = seen.match(pattern)
    if (match) findings.push(finding(kind, 'danger', path, `${match.length} times`, seen, seen.search(pattern)))
  }
  const mixed = mixedWord(seen)
  if (mixed) findings.push(finding('look_alike', 'danger', path, mixed[0], seen, mixed.index))
  findings.push(...instructionFindings(seen, path))
  return findings
}

/**
 * Looks at every text in it, names of properties included. What is harmless never ends the search for what is not: dangers are
 * listed first, and at most so many in all.
 */
export function scanJson(value: Json, path = ''): Finding[] {
  const findings = new Findings()
  walk(value, path, findings, 0)
  return findings.listed()
}

class Findings {
  readonly #dangers: Finding[] = []
  readonly #notices: Finding[] = []
  #left = 0

  /** One danger more would say nothing new. */
  get full(): boolean {
    return this.#dangers.length >= maxFindings
  }

  add(found: readonly Finding[]): void {
    for (const one of found) {
      const list = one.severity === 'danger' ? this.#dangers : this.#notices
      if (list.length < maxFindings) list.push(one)
      else this.#left++
    }
  }

  listed(): Finding[] {
    const all = [...this.#dangers, ...this.#notices]
    const left = all.length - maxFindings + this.#left
    if (left <= 0 && !this.full) return all
    const what = this.full ? 'perhaps more, not looked for' : `${left} more that are not listed`
    return [...all.slice(0, maxFindings), finding('blob', 'notice', '', what, '', 0)]
  }
}

function walk(value: Json, path: string, findings: Findings, depth: number): void {
  if (findings.full) return
  if (depth > maxDepth) return findings.add([finding('blob', 'danger', path, 'too deep to look at', '', 0)])
  if (typeof value === 'string') findings.add(scanText(value, path))
  if (Array.isArray(value)) value.forEach((item, i) => walk(item, `${path}[${i}]`, findings, depth + 1))
  if (!isObject(value)) return
  for (const [name, inner] of Object.entries(value)) {
    findings.add(scanText(name, `${path}.${name} (name)`))
    walk(inner as Json, path === '' ? name : `${path}.${name}`, findings, depth + 1)
  }
}

/** A word of Latin letters with one among them that only looks like a Latin letter. */
function mixedWord(text: string): RegExpExecArray | null {
  if (!mimics.test(text)) return null
  for (const word of text.matchAll(words)) {
    if (mimics.test(word[0]) && /\p{Script=Latin}/u.test(word[0])) return word
  }
  return null
}

/** A name that clients and models take apart by eye. */
export function scanName(name: string, path: string): Finding[] {
  const odd = /[^\u0021-\u007e]/u.exec(name)
  return odd ? [finding('look_alike', 'danger', path, 'a name outside ASCII', name, odd.index)] : []
}
