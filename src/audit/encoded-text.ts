import { fromBase64, fromUtf8 } from '../core/bytes.ts'

/** Looks at a text that was written in another way. Null: nothing in it has to go, so the text stays as it was written. */
export type Look = (decoded: string) => string | null

const percent = /%[0-9a-f]{2}/i
/** What parts of a URL or a text end with: one that is JSON is then seen to be JSON. */
const ends = new Set(' \t\n\r"\'<>&?=#')
const percentRuns = /(?:%[0-9a-f]{2})+/gi

/**
 * Percent-encoding, as in a URL or a form (RFC 3986 §2.1). `json` looks at a part that is a value of its own, `look` at the text
 * as a whole. Decoded where something was found.
 */
export function withinPercentEncoding(text: string, json: Look, look: Look): string {
  if (!percent.test(text)) return text
  let found = false
  let decoded = ''
  let done = 0
  // By hand: an expression that looks for the beginning of a part tries it anew from each of its characters.
  for (let at = text.indexOf('%'); at >= 0; at = text.indexOf('%', done)) {
    let from = at
    while (from > done && !ends.has(text[from - 1] ?? ' ')) from--
    let to = at
    while (to < text.length && !ends.has(text[to] ?? ' ')) to++
    const plain = text.slice(from, to).replace(percentRuns, decodedRun)
    const kept = json(plain)
    found ||= kept !== null
    decoded += text.slice(done, from) + (kept ?? plain)
    done = to
  }
  decoded += text.slice(done)
  return decoded === text ? text : (look(decoded) ?? (found ? decoded : text))
}

function decodedRun(run: string): string {
  try {
    return decodeURIComponent(run)
  } catch {
    return run
  }
}

/** Readable text begins with one of these: a space to a tilde, a tab or a line break, or a letter of another script. */
const base64Runs = /\b[CI-Za-fw-z0-9][A-Za-z0-9+/_-]{15,}={0,2}/g
/** How UTF-8 begins, cut off anywhere. To try costs a fault, which is dear for each id in a call. */
// oxlint-disable-next-line no-control-regex -- what a text may hold
const printable =
  /^(?:[\t\n\r\u0020-\u007e]|[\u00c2-\u00df][\u0080-\u00bf]|[\u00e0-\u00ef][\u0080-\u00bf]{2}|[\u00f0-\u00f4][\u0080-\u00bf]{3})*(?:[\u00c2-\u00f4][\u0080-\u00bf]{0,2})?$/

/**
 * Base64 and base64url of readable text. Hashes, ids and pictures are told apart by their first bytes, at little cost. A slash may
 * be a digit of it, or stand in the path before it.
 */
export function withinBase64(text: string, look: Look): string {
  const one = (run: string): string | null => {
    const decoded = readable(run)
    return decoded === null ? null : look(decoded)
  }
  return text.replace(base64Runs, (run) => {
    const whole = one(run)
    if (whole !== null || !run.includes('/')) return whole ?? run
    return run.replace(/[^/]{16,}/g, (part) => one(part) ?? part)
  })
}

function readable(run: string): string | null {
  const standard = run.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '')
  const whole = standard.slice(0, standard.length - (standard.length % 4 === 1 ? 1 : 0))
  try {
    if (!printable.test(atob(whole.slice(0, 16)))) return null
    return fromUtf8(fromBase64(whole))
  } catch {
    return null
  }
}
