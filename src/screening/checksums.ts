/** Digits of a text, as numbers. */
const digitsOf = (text: string): number[] => Array.from(text.replace(/\D/g, ''), Number)

/** ISO/IEC 7812-1: tells a card number from any other long number. */
export function passesLuhn(text: string): boolean {
  const digits = digitsOf(text)
  return digits.length > 1 && luhnSum(digits) % 10 === 0
}

function luhnSum(digits: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = digits[digits.length - 1 - i] ?? 0
    const doubled = i % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum
}

/** The number a long text of digits leaves when it is divided. */
export function modulo(digits: string, by: number): number {
  let rest = 0
  for (const digit of digits) rest = (rest * 10 + Number(digit)) % by
  return rest
}

/** Each digit times its weight, added up. */
export function weighted(text: string, weights: readonly number[]): number {
  const digits = digitsOf(text)
  return weights.reduce((sum, weight, i) => sum + weight * (digits[i] ?? 0), 0)
}

/** ISO 7064 MOD 11,10. */
export function passesMod11Over10(text: string): boolean {
  const digits = digitsOf(text)
  const check = digits.pop()
  let product = 10
  for (const digit of digits) {
    const sum = (digit + product) % 10 || 10
    product = (sum * 2) % 11
  }
  return (11 - product) % 10 === check
}

const dihedral = [
  '0123456789', '1234067895', '2340178956', '3401289567', '4012395678',
  '5987604321', '6598710432', '7659821043', '8765932104', '9876543210',
] as const // prettier-ignore
const permutation = [
  '0123456789', '1576283094', '5803796142', '8916043527', '9453126870', '4286573901', '2793806415', '7046913258',
] as const // prettier-ignore

/** Verhoeff's scheme over the dihedral group. */
export function passesVerhoeff(text: string): boolean {
  let at = 0
  for (const [i, digit] of digitsOf(text).toReversed().entries()) {
    at = Number(dihedral[at]?.[Number(permutation[i % 8]?.[digit])])
  }
  return at === 0
}
