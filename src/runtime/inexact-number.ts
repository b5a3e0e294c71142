import type { Json } from '../core/json.ts'

/**
 * Where a whole number stands that other numbers are read as too: 9007199254740993 arrives as ...992, and another record would be
 * acted on (attack case 48). What is written with an exponent is meant to be inexact.
 */
export function inexactNumber(value: Json, path: string): string | null {
  if (typeof value === 'number') {
    return Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value) < 1e21 ? path : null
  }
  if (typeof value !== 'object' || value === null) return null
  for (const [name, inner] of Object.entries(value)) {
    const found = inexactNumber(inner as Json, `${path}.${name}`)
    if (found !== null) return found
  }
  return null
}
