/**
 * What a condition may turn out to be: a set of outcomes as bits. With everything known the set has one member.
 * An error in a permit is no permit; an error in any other rule denies.
 */
export type Truth = number

export const TRUE = 1
export const FALSE = 2
export const ERROR = 4
/** Could be anything: what a condition over unknown arguments is. */
export const UNKNOWN = TRUE | FALSE | ERROR

export const truth = (value: boolean): Truth => (value ? TRUE : FALSE)

export function negate(a: Truth): Truth {
  return (a & ERROR) | (a & TRUE ? FALSE : 0) | (a & FALSE ? TRUE : 0)
}

/**
 * Conditions are read in order and the first that decides, decides; an error decides. (So does Cedar. Reading on past an
 * error would let a hostile argument be outvoted.)
 */
export function sequence<C>(parts: readonly ((context: C) => Truth)[], context: C, goesOn: Truth): Truth {
  let decided = 0
  for (const part of parts) {
    const value = part(context)
    decided |= value & ~goesOn
    if ((value & goesOn) === 0) return decided
  }
  return decided | goesOn
}

export function outcomeOf(value: Truth): 'matched' | 'not_matched' | 'error' | 'unknown' {
  if (value === TRUE) return 'matched'
  if (value === FALSE) return 'not_matched'
  return value === ERROR ? 'error' : 'unknown'
}
