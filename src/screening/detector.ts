/**
 * What may be found in a result. `instruction`: words to the model about something else than its task. `hidden`: text that
 * nobody sees. `secret`: a credential by its known form. The rest is personal data.
 */
export const kinds = ['instruction', 'hidden', 'secret', 'email', 'phone', 'card', 'iban', 'national_id'] as const
export type Kind = (typeof kinds)[number]

/** Where in a text, in UTF-16 units, and which form: `github`, `es_dni`, `sets instructions aside`. Never the value itself. */
export type Span = { kind: Kind; what: string; start: number; end: number }

/**
 * Finds things in one text. Pure, and linear in the text's length. Another implementation can stand in its place or beside it:
 * `screenOutput` takes a list.
 */
export type Detector = {
  /** What it can find. It is not asked when nobody wants any of it. */
  kinds: readonly Kind[]
  find(text: string, wanted: ReadonlySet<Kind>): Span[]
}

/** All matches of a global expression that also pass a second look. */
export function spansOf(
  text: string,
  pattern: RegExp,
  kind: Kind,
  what: (match: RegExpExecArray) => string | null,
): Span[] {
  const spans: Span[] = []
  for (const match of text.matchAll(pattern)) {
    const name = what(match)
    if (name !== null) spans.push({ kind, what: name, start: match.index, end: match.index + match[0].length })
  }
  return spans
}
