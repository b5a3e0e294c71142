/* oxlint-disable no-control-regex, no-misleading-character-class -- these characters are what it looks for */

import type { Json } from '../core/json.ts'
import { isObject } from '../core/json.ts'

/**
 * Zero-width and default-ignorable characters (Unicode DerivedCoreProperties, Default_Ignorable_Code_Point), tag characters
 * and variation selectors. Joiners, VS16, the marks of direction and the blank of Braille are judged in context.
 */
const invisible =
  /[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\ufff0-\uffff]|\p{Private_Use}|[\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/gu
const bidi = /[\u202a-\u202e\u2066-\u2069]/gu
/** C0 and C1 without tab, line feed and carriage return: terminals act on them. */
const control =
  /\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/gu
/** A joiner that joins nothing: emoji sequences and scripts that need one have a letter or an emoji on both sides. */
const strayJoiner =
  /(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f\p{L}\p{M}])[\u200c\u200d]|[\u200c\u200d](?![\p{Extended_Pictographic}\p{L}\p{M}])|(?<=[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}])[\u200c\u200d]/gu
const strayVariation = /(?<![\p{Extended_Pictographic}\p{Emoji}\p{Script=Han}])[\ufe00-\ufe0f]/gu

const strayBlank = /(?<![\u2800-\u28ff])\u2800+(?![\u2800-\u28ff])/gu
/** LRM, RLM and ALM. Right-to-left text needs them, one at a time; elsewhere they are bits that nobody sees. */
const directionMark = /[\u200e\u200f\u061c]/gu
const directionMarks = /[\u200e\u200f\u061c]{2,}/gu
const rightToLeft =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u

type Hidden = { kind: 'invisible' | 'bidi' | 'control'; pattern: RegExp }

const anywhere: readonly Hidden[] = [
  { kind: 'invisible', pattern: invisible },
  { kind: 'bidi', pattern: bidi },
  { kind: 'control', pattern: control },
  { kind: 'invisible', pattern: strayJoiner },
  { kind: 'invisible', pattern: strayVariation },
  { kind: 'invisible', pattern: strayBlank },
]

/** What a person would not see, and what has no business in this text. */
export const hiddenIn = (text: string): Hidden[] => [
  ...anywhere,
  { kind: 'invisible', pattern: rightToLeft.test(text) ? directionMarks : directionMark },
]

/** What no eye reads, needed or not: between two letters it parts no word. */
export const unread: readonly RegExp[] = [...anywhere.map(({ pattern }) => pattern), directionMark]

/** Every character a person would not see, as `⟨U+200B⟩`. */
export function showHidden(text: string): string {
  return text.replace(
    /[\p{Cf}\p{Cc}\p{Co}\p{Cn}\p{Cs}\ufe00-\ufe0f\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u{e0100}-\u{e01ef}]/gu,
    (character) =>
      character === '\n' || character === '\t'
        ? character
        : `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`,
  )
}

/** The same JSON with every hidden character in it made visible, in names too. */
export function showHiddenIn(value: Json): Json {
  if (typeof value === 'string') return showHidden(value)
  if (Array.isArray(value)) return value.map(showHiddenIn)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [showHidden(name), showHiddenIn(inner as Json)]),
  )
}
