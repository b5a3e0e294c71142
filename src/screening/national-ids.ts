import { modulo, passesLuhn, passesMod11Over10, passesVerhoeff, weighted } from './checksums.ts'
import type { Detector, Span } from './detector.ts'
import { spansOf } from './detector.ts'

type NationalId = { what: string; pattern: RegExp; valid: (text: string) => boolean }

const letters = 'TRWAGMYFPDXBNJZSQVHLCKE'

/**
 * Numbers of persons that check themselves: what a check digit or the parts of a date do not bear out is an ordinary number. Only
 * forms with a strong check are here; a form without one (the American) has to be written with its dashes.
 */
const ids: readonly NationalId[] = [
  // Spain, DNI and NIE: the number modulo 23 is a letter.
  {
    what: 'es_dni',
    pattern: /\b[XYZ\d]\d{7}[A-Z]\b/g,
    valid: (text) => {
      const number = text.slice(0, 8).replace('X', '0').replace('Y', '1').replace('Z', '2')
      return letters[Number(number) % 23] === text[8]
    },
  },
  // Italy, codice fiscale.
  { what: 'it_cf', pattern: /\b[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]\b/g, valid: codiceFiscale },
  // France, numéro de sécurité sociale: 97 less the number modulo 97.
  {
    what: 'fr_nir',
    pattern: /\b[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?\d{2} ?\d{3} ?\d{3} ?\d{2}\b/g,
    valid: (text) => {
      const digits = text.replaceAll(' ', '')
      return 97 - modulo(digits.slice(0, 13), 97) === Number(digits.slice(13))
    },
  },
  // Brazil, CPF: two check digits, each modulo 11.
  {
    what: 'br_cpf',
    pattern: /\b\d{3}\.\d{3}\.\d{3}-\d{2}\b/g,
    valid: (text) => {
      const digits = text.replace(/\D/g, '')
      const check = (count: number): number =>
        ((weighted(
          digits,
          Array.from({ length: count }, (_, i) => count + 1 - i),
        ) *
          10) %
          11) %
        10
      return new Set(digits).size > 1 && check(9) === Number(digits[9]) && check(10) === Number(digits[10])
    },
  },
  // Poland, PESEL: a date with its century in the month, and a check digit.
  {
    what: 'pl_pesel',
    pattern: /(?<![\w.,-])\d{11}(?![\w-]|[.,]\d)/g,
    valid: (text) => {
      const [month, day] = [Number(text.slice(2, 4)) % 20, Number(text.slice(4, 6))]
      const dated = month >= 1 && month <= 12 && day >= 1 && day <= 31
      return dated && weighted(text, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0
    },
  },
  // Germany, Steuer-Identifikationsnummer, as it is printed: one digit of the first ten two or three times.
  {
    what: 'de_steuer_id',
    pattern: /(?<![\w.,-])[1-9]\d ?\d{3} ?\d{3} ?\d{3}(?![\w-]|[.,]\d)/g,
    valid: (text) => {
      const digits = text.replaceAll(' ', '')
      const different = new Set(digits.slice(0, 10)).size
      return (different === 8 || different === 9) && passesMod11Over10(digits)
    },
  },
  // Sweden, personnummer: a date, and Luhn.
  {
    what: 'se_personnummer',
    pattern: /\b(?:19|20)?\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])[-+]\d{4}\b/g,
    valid: (text) => passesLuhn(text.replace(/\D/g, '').slice(-10)),
  },
  // Belgium, rijksregisternummer: modulo 97, with a 2 in front for those born since 2000.
  {
    what: 'be_rrn',
    pattern: /\b\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}\b/g,
    valid: (text) => {
      const digits = text.replace(/\D/g, '')
      const check = Number(digits.slice(9))
      return [digits.slice(0, 9), `2${digits.slice(0, 9)}`].some((number) => 97 - modulo(number, 97) === check)
    },
  },
  // India, Aadhaar, as it is printed: Verhoeff.
  { what: 'in_aadhaar', pattern: /(?<![\d-] ?)\b[2-9]\d{3} \d{4} \d{4}\b(?! ?\d)/g, valid: passesVerhoeff },
  // United States, social security number: no check digit, but areas and groups that were never given out.
  {
    what: 'us_ssn',
    pattern: /(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])/g,
    valid: (text) =>
      !/^(?:000|666|9)/.test(text) && !/-00-|-0000$/.test(text) && text !== '078-05-1120' && text !== '123-45-6789',
  },
]

export const nationalIds: Detector = {
  kinds: ['national_id'],
  find: (text) =>
    /\d\d/.test(text)
      ? ids.flatMap(({ what, pattern, valid }): Span[] =>
          spansOf(text, pattern, 'national_id', ([match]) => (valid(match) ? what : null)),
        )
      : [],
}

const oddValues = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]

/** Decreto ministeriale 23 dicembre 1976: characters at odd places by a table, at even places as they are, modulo 26. */
function codiceFiscale(text: string): boolean {
  const valueOf = (character: string): number =>
    /\d/.test(character) ? Number(character) : character.charCodeAt(0) - 65
  const sum = Array.from(text.slice(0, 15)).reduce((total, character, i) => {
    const value = valueOf(character)
    return total + (i % 2 === 0 ? (oddValues[value] ?? 0) : value)
  }, 0)
  return String.fromCharCode(65 + (sum % 26)) === text[15]
}
