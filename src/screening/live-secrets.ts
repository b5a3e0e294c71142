import type { Detector } from './detector.ts'
import { spansOf } from './detector.ts'
import { secretPatterns } from './secret-patterns.ts'

const pattern = new RegExp(secretPatterns.map(({ kind, pattern: one }) => `(?<${kind}>${one})`).join('|'), 'g')

/** Credentials by the form their issuers give them, private keys, JSON Web Tokens. Placeholders of documentation are not live. */
export const liveSecrets: Detector = {
  kinds: ['secret'],
  find: (text) =>
    spansOf(text, pattern, 'secret', (match) => {
      const form = Object.entries(match.groups ?? {}).find(([, value]) => value !== undefined)?.[0] ?? 'secret'
      return looksLive(form, match[0]) && !isPartOfLink(form, match) ? form : null
    }),
}

/** The record hides whatever resembles a secret. A result is changed only where somebody could use what stands there. */
function looksLive(form: string, text: string): boolean {
  if (form === 'pem') return /[A-Za-z0-9+/=]{40}/.test(text.replace(/-----[A-Z ]+-----/g, ''))
  if (form === 'jwt') return isJwtHeader(text.slice(0, text.indexOf('.')))
  const body = text.replace(/^(?:bearer|basic)\s+/i, '')
  if (/example|placeholder|your[_-]?|xxxx|\*\*\*|\.\.\./i.test(body)) return false
  return /\d/.test(body) && /[A-Za-z]/.test(body) && new Set(body).size >= 8
}

/** A link that is signed, or carries a short-lived token, is what the tool was asked for. The id of an access key is no secret. */
function isPartOfLink(form: string, { input, index }: RegExpExecArray): boolean {
  if (form !== 'jwt' && form !== 'aws') return false
  return /[?&][\w.%-]{1,48}=$/.test(input.slice(Math.max(0, index - 50), index))
}

/** RFC 7515 §4: a JSON object that names its algorithm. */
function isJwtHeader(part: string): boolean {
  try {
    return typeof JSON.parse(atob(part.replaceAll('-', '+').replaceAll('_', '/'))).alg === 'string'
  } catch {
    return false
  }
}
