import type { Detector, Kind, Span } from './detector.ts'
import { spansOf } from './detector.ts'
import { modulo, passesLuhn } from './checksums.ts'
import { cardPattern } from './secret-patterns.ts'

/** Begins at the edge of a word, so that a long run without an at sign is passed over once. */
const email =
  /(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9-])/g

/** E.164 with its plus, and the North American form with its separators. Any other row of digits may be anything. */
const phone =
  /(?<![\w+.])\+[1-9](?:[ .()-]{0,2}\d){7,14}(?![\w]|[.,]\d)|(?<![\w.-])(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[.-])[2-9]\d{2}[.-]\d{4}(?![\w-])/g

const card = new RegExp(cardPattern, 'g')
/** Visa, Mastercard, American Express, Discover, JCB, Diners, Maestro, UnionPay. */
const issued = /^(?:4|5[1-8]|2[2-7]|3[0-9]|6)/

const iban = /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b/g
/** ISO 13616, the registry's lengths where they are in use. */
const ibanLengths: Readonly<Record<string, number>> = {
  AD: 24, AE: 23, AL: 28, AT: 20, AZ: 28, BA: 20, BE: 16, BG: 22, BH: 22, BR: 29, CH: 21, CR: 22, CY: 28, CZ: 24, DE: 22,
  DK: 18, DO: 28, EE: 20, EG: 29, ES: 24, FI: 18, FO: 18, FR: 27, GB: 22, GE: 22, GI: 23, GL: 18, GR: 27, GT: 28, HR: 21,
  HU: 28, IE: 22, IL: 23, IS: 26, IT: 27, JO: 30, KW: 30, KZ: 20, LB: 28, LI: 21, LT: 20, LU: 20, LV: 21, MC: 27, MD: 24,
  ME: 22, MK: 19, MR: 27, MT: 31, MU: 30, NL: 18, NO: 15, PK: 24, PL: 28, PS: 29, PT: 25, QA: 29, RO: 24, RS: 22, SA: 24,
  SE: 24, SI: 19, SK: 24, SM: 27, TN: 24, TR: 26, UA: 29, VA: 22, VG: 24, XK: 20,
} // prettier-ignore

/** What names a person or their account, where its form or a check digit shows it. */
export const personalData: Detector = {
  kinds: ['email', 'phone', 'card', 'iban'],
  find(text, wanted) {
    const spans: Span[] = []
    const look = (kind: Kind, hint: boolean, pattern: RegExp, valid: (match: string) => boolean): void => {
      if (hint && wanted.has(kind)) {
        spans.push(...spansOf(text, pattern, kind, ([match]) => (valid(match) ? kind : null)))
      }
    }
    look(
      'email',
      text.includes('@'),
      email,
      (match) => !/[@.]example\.(?:com|org|net)$|\.(?:png|jpe?g|gif|svg|webp)$/i.test(match),
    )
    const digits = /\d/.test(text)
    look('phone', digits, phone, () => true)
    look('card', digits, card, isCard)
    look('iban', digits, iban, isIban)
    return spans
  },
}

/** As it is printed: sixteen digits in fours, fifteen as 4-6-5, nineteen with three behind, or all in one. */
const printed = /^(?:\d{13,19}|\d{4}([ -])(?:\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|\d{6}\1\d{4,5}))$/

const isCard = (match: string): boolean => issued.test(match) && printed.test(match) && passesLuhn(match)

/** ISO 13616: the check digits make the whole, letters as numbers from 10, leave 1 when it is divided by 97. */
function isIban(match: string): boolean {
  const country = match.slice(0, 2)
  const length = Object.hasOwn(ibanLengths, country) ? ibanLengths[country] : undefined
  // A word in capitals may stand right behind it.
  const text = match.replaceAll(' ', '').slice(0, length)
  if (text.length !== length) return false
  const turned = text.slice(4) + text.slice(0, 4)
  return (
    modulo(
      turned.replace(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55)),
      97,
    ) === 1
  )
}
