import type { Json } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import { instructionFindings } from './instructions.ts'

/**
 * Something in a text that a person would not see, or that is meant for the model and not for its task. `danger` keeps a
 * definition out until an administrator admits it; `notice` is only shown.
 */
export type Finding = {
  kind: 'invisible' | 'bidi' | 'control' | 'look_alike' | 'instruction' | 'blob' | 'markup'
  severity: 'notice' | 'danger'
  /** Where, as a path in the definition or result. */
  path: string
  /** Which pattern, and a piece of the text with everything invisible made visible. */
  what: string
  excerpt: string
}

/**
 * Zero-width and default-ignorable characters (Unicode DerivedCoreProperties, Default_Ignorable_Code_Point), tag characters
 * and variation selectors, less LRM, RLM and ALM, which right-to-left text needs. Joiners and VS16 are judged in context.
 */
const invisible =
  /[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\ufff0-\uffff]|\p{Private_Use}|[\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/gu
const bidi = /[\u202a-\u202e\u2066-\u2069]/gu
/** C0 and C1 without tab, line feed and carriage return: terminals act on them. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const control =
  /\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/gu
/** A joiner that joins nothing: emoji sequences and scripts that need one have a letter or an emoji on both sides. */
const strayJoiner =
  /(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f\p{L}\p{M}])[\u200c\u200d]|[\u200c\u200d](?![\p{Extended_Pictographic}\p{L}\p{M}])|(?<=[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}])[\u200c\u200d]/gu
const strayVariation = /(?<![\p{Extended_Pictographic}\p{Emoji}\p{Script=Han}])[\ufe00-\ufe0f]/gu

/** Cyrillic, and the Greek letters that look like Latin ones: `Δt` is a formula, `Αpple` is a trap. */
const mimics = /[\p{Script=Cyrillic}ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαικνορτυχ]/u
const words = /[\p{L}\p{M}\d_]{2,}/gu

const hidden = [
  { kind: 'invisible', pattern: invisible },
  { kind: 'bidi', pattern: bidi },
  { kind: 'control', pattern: control },
  { kind: 'invisible', pattern: strayJoiner },
  { kind: 'invisible', pattern: strayVariation },
] as const

/** Nothing but printable ASCII: nothing can hide in it. */
const plainText = /^[\t\n\r -~]*$/

const maxText = 200_000
const maxFindings = 100

/** Looks at one text. Linear in its length. */
export function scanText(text: string, path: string): Finding[] {
  const seen = text.slice(0, maxText)
  if (plainText.test(seen)) return instructionFindings(seen, path)
  const findings: Finding[] = []
  for (const { kind, pattern } of hidden) {
    const match = seen.match(pattern)
    if (match) findings.push(finding(kind, 'danger', path, `${match.length} times`, seen, seen.search(pattern)))
  }
  const mixed = mixedWord(seen)
  if (mixed) findings.push(finding('look_alike', 'danger', path, mixed[0], seen, mixed.index))
  // What is hidden between the letters must not hide the words.
  findings.push(...instructionFindings(cleanText(seen), path))
  return findings
}

/** Looks at every text in it, names of properties included. */
export function scanJson(value: Json, path = ''): Finding[] {
  const findings: Finding[] = []
  walk(value, path, findings, 0)
  return findings.slice(0, maxFindings)
}

function walk(value: Json, path: string, findings: Finding[], depth: number): void {
  if (findings.length >= maxFindings || depth > 64) return
  if (typeof value === 'string') findings.push(...scanText(value, path))
  if (Array.isArray(value)) value.forEach((item, i) => walk(item, `${path}[${i}]`, findings, depth + 1))
  if (!isObject(value)) return
  for (const [name, inner] of Object.entries(value)) {
    findings.push(...scanText(name, `${path}.${showHidden(name)} (name)`))
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

/** Without what nobody can see. */
export function cleanText(text: string): string {
  return hidden.reduce((clean, { pattern }) => clean.replace(pattern, ''), text)
}

/** A name that clients and models take apart by eye. */
export function scanName(name: string, path: string): Finding[] {
  // oxlint-disable-next-line no-control-regex -- everything beyond printable ASCII
  const odd = /[^\u0021-\u007e]/u.exec(name)
  return odd ? [finding('look_alike', 'danger', path, 'a name outside ASCII', name, odd.index)] : []
}

export function finding(
  kind: Finding['kind'],
  severity: Finding['severity'],
  path: string,
  what: string,
  text: string,
  at: number,
): Finding {
  const excerpt = showHidden(text.slice(Math.max(0, at - 40), at + 80))
  return { kind, severity, path: path.slice(0, 300), what: showHidden(what).slice(0, 100), excerpt }
}

/** Every character a person would not see, as `⟨U+200B⟩`. */
export function showHidden(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what it shows
  return text.replace(
    /[\p{Cf}\p{Cc}\p{Co}\p{Cn}\p{Cs}\ufe00-\ufe0f\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u{e0100}-\u{e01ef}]/gu,
    (character) =>
      character === '\n' || character === '\t'
        ? character
        : `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`,
  )
}
