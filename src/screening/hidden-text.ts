import type { Detector } from './detector.ts'
import { spansOf } from './detector.ts'

/**
 * Text that reaches a model and no eye: runs of tag characters (but for a flag), of variation selectors, of zero-width
 * characters and marks of direction, an override of the reading direction, concealed terminal text. One zero-width space, a soft hyphen or a coloured
 * line in a log is ordinary in what tools return.
 */
const hidden =
  // oxlint-disable-next-line no-control-regex, no-misleading-character-class -- these characters are what it looks for
  /(?<![\u{1f3f4}\u{e0000}-\u{e007f}])[\u{e0000}-\u{e007f}]{2,}|\u{1f3f4}[\u{e0000}-\u{e007f}]{8,}|[\u{e0100}-\u{e01ef}]{2,}|[\ufe00-\ufe0f]{3,}|[\u061c\u200b-\u200f\u2060-\u2064\ufeff]{6,}|[\u202d\u202e]|\u001b\[(?:\d{1,3};){0,4}8m[^\u001b]{0,1000}/gu

/** One unit that every form of it holds. */
// oxlint-disable-next-line no-control-regex, no-misleading-character-class -- these characters are what it looks for
const hint = /[\u001b\u061c\u200b-\u200f\u202d\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff\udb40]/

export const hiddenText: Detector = {
  kinds: ['hidden'],
  find: (text) => (!hint.test(text) ? [] : spansOf(text, hidden, 'hidden', ([match]) => nameOf(match))),
}

function nameOf(match: string): string {
  if (match.startsWith('\u001b')) return 'concealed'
  if (/[\u202d\u202e]/.test(match)) return 'bidi'
  return /[\u{e0000}-\u{e007f}]/u.test(match) ? 'tag characters' : 'invisible characters'
}
