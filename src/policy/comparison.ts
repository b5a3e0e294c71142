import type { Json } from '../core/json.ts'
import type { Size } from './condition.ts'
import { matchesGlob, parseGlob } from './glob.ts'
import { fold, hidesText, readText, skeleton, type TextMode } from './text.ts'
import { ERROR, FALSE, TRUE, truth, type Truth } from './truth.ts'

/** A test of one value that is there. A value of the wrong kind is an error, never "different" (attack case 49). */
export type Test = (actual: Json) => Truth

export const isSafeNumber = (value: unknown): value is number =>
  typeof value === 'number' && value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER

export function equals(mode: TextMode, actual: Json, expected: Json): Truth {
  if (typeof expected === 'string') {
    if (typeof actual !== 'string') return ERROR
    if (mode === 'exact') return truth(actual === expected)
    const a = readText(mode, actual)
    const b = readText(mode, expected)
    if (a === null || b === null) return ERROR
    if (a === b) return TRUE
    return skeleton(mode, a) === skeleton(mode, b) ? ERROR : FALSE
  }
  if (typeof expected === 'number')
    return isSafeNumber(actual) && isSafeNumber(expected) ? truth(actual === expected) : ERROR
  if (typeof expected === 'boolean') return typeof actual === 'boolean' ? truth(actual === expected) : ERROR
  return ERROR
}

/** Membership in a fixed list: one look-up however long the list is. */
export function oneOf(mode: TextMode, list: readonly Json[]): Test {
  const others = new Set(list.filter((value) => typeof value !== 'string'))
  const kinds = new Set(list.map((value) => typeof value))
  const texts = new Set<string>()
  const skeletons = new Set<string>()
  for (const value of list) {
    if (typeof value !== 'string') continue
    const text = readText(mode, value) ?? value
    texts.add(text)
    skeletons.add(skeleton(mode, text))
  }
  return (actual) => {
    if (!kinds.has(typeof actual) || actual === null || typeof actual === 'object') return ERROR
    if (typeof actual !== 'string')
      return typeof actual === 'number' && !isSafeNumber(actual) ? ERROR : truth(others.has(actual))
    const text = readText(mode, actual)
    if (text === null) return ERROR
    if (texts.has(text)) return TRUE
    return mode !== 'exact' && skeletons.has(skeleton(mode, text)) ? ERROR : FALSE
  }
}

/** Membership in a list that is only known with the question. */
export function amongValues(mode: TextMode, list: Json | undefined, actual: Json): Truth {
  if (!Array.isArray(list)) return ERROR
  let error = false
  for (const value of list) {
    const same = equals(mode, actual, value)
    if (same === TRUE) return TRUE
    error ||= same === ERROR
  }
  return error ? ERROR : FALSE
}

export function ordered(holds: (actual: number) => boolean): Test {
  return (actual) => (isSafeNumber(actual) ? truth(holds(actual)) : ERROR)
}

/** Makes the test for one part, once. */
type Matcher = (part: string) => (text: string) => boolean

export const startsWith: Matcher = (part) => (text) => text.startsWith(part)
export const endsWith: Matcher = (part) => (text) => text.endsWith(part)
export const includes: Matcher = (part) => (text) => text.includes(part)
export const globMatch: Matcher = (pattern) => {
  const glob = parseGlob(pattern)
  return (text) => matchesGlob(glob, text)
}

/**
 * `startsWith`, `endsWith`, `glob` and `contains` on text: any of the parts. The rest of the text is free, but
 * characters that nobody sees in it are an error: what a service makes of them is not what the rule read.
 */
export function partOf(mode: TextMode, parts: readonly string[], matcher: Matcher): Test {
  const plain = parts.map((part) => matcher(spellPart(mode, part)))
  const bare = parts.map((part) => matcher(skeleton(mode, part)))
  const lines = matcher === includes
  return (actual) => {
    if (typeof actual !== 'string') return ERROR
    const text = readText(mode, actual)
    if (text === null) return ERROR
    if (plain.some((matches) => matches(text))) return mode !== 'exact' && hidesText(text, lines) ? ERROR : TRUE
    if (mode === 'exact') return FALSE
    const bareText = skeleton(mode, text)
    return bare.some((matches) => matches(bareText)) ? ERROR : FALSE
  }
}

/** A part of an address is no address, so parts are only brought to the mode's case. */
function spellPart(mode: TextMode, part: string): string {
  if (mode === 'folded') return fold(part)
  return mode === 'email' || mode === 'host' ? part.toLowerCase() : part
}

export function contains(mode: TextMode, wanted: Json): Test {
  const inText = typeof wanted === 'string' ? partOf(mode, [wanted], includes) : null
  return (actual) => {
    if (Array.isArray(actual)) {
      let error = false
      for (const value of actual) {
        const same = equals(mode, value, wanted)
        if (same === TRUE) return TRUE
        error ||= same === ERROR
      }
      return error ? ERROR : FALSE
    }
    return inText === null ? ERROR : inText(actual)
  }
}

export function subset(isMember: Test): Test {
  return (actual) => {
    if (!Array.isArray(actual)) return ERROR
    let all: Truth = TRUE
    for (const value of actual) {
      const member = isMember(value)
      if (member === ERROR) return ERROR
      if (member === FALSE) all = FALSE
    }
    return all
  }
}

/** The whole numbers that a size allows, both ends included. */
export function interval(size: Size): { min: number; max: number } {
  return {
    min: Math.max(0, size.eq ?? 0, size.gte ?? 0, size.gt === undefined ? 0 : Math.floor(size.gt) + 1),
    max: Math.min(size.eq ?? Infinity, size.lte ?? Infinity, size.lt === undefined ? Infinity : Math.ceil(size.lt) - 1),
  }
}

/** Elements of an array, code points of a text. */
export function sized(size: Size): Test {
  const { min, max } = interval(size)
  return (actual) => {
    if (typeof actual !== 'string' && !Array.isArray(actual)) return ERROR
    const length = typeof actual === 'string' ? Array.from(actual).length : actual.length
    return truth(length >= min && length <= max)
  }
}
