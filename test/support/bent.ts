/**
 * The text with one character changed, for certain: a fixed replacement is now and then the character that stands there.
 * In the middle unless told, because the last character of a base64url text may carry bits that no decoder reads.
 */
export function bent(text: string, at = text.length >> 1): string {
  return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
}
