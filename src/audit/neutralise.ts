import type { Json, JsonObject } from '../core/json.ts'

/**
 * Text from outside, made harmless for whoever reads the record in a terminal, a log line or a page (attack case 59):
 * control characters and ANSI escapes become visible symbols; bidi overrides, zero-width and tag characters become
 * `<U+202E>`; lone surrogates become U+FFFD. Left-to-right and right-to-left marks stay: people's names need them.
 */
// oxlint-disable no-control-regex, no-misleading-character-class -- these characters are what it looks for
const unsafe = /[\u0000-\u001f\u007f-\u009f\u200b-\u200d\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff]|[\ud800-\udfff]/
const each =
  /[\u0000-\u001f\u007f-\u009f\u200b-\u200d\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/gu
// oxlint-enable no-control-regex, no-misleading-character-class

/** One line: line breaks and tabs go too. */
export function plainLine(text: string): string {
  return unsafe.test(text) ? text.toWellFormed().replace(each, symbol) : text
}

/** Several lines: line breaks and tabs stay, as in a message or a file. */
export function plainText(text: string): string {
  if (!unsafe.test(text)) return text
  return text.toWellFormed().replace(each, (c) => (c === '\n' || c === '\t' ? c : symbol(c)))
}

function symbol(c: string): string {
  const code = c.codePointAt(0) ?? 0
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  if (code === 0x7f) return '\u2421'
  return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`
}

/** Keys and strings of a value, by `text`. Own keys only, so that `__proto__` stays a key like any other. */
export function mapStrings(value: Json, text: (text: string) => string): Json {
  if (typeof value === 'string') return text(value)
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, text))
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [text(key), mapStrings(item, text)]),
  ) as JsonObject
}
