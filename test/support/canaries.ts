/**
 * Secrets that tests make can be told by their looks, so that a leak is found wherever it turns up. Every fixture that issues
 * tokens puts the mark into them; the stand-ins of other people have shapes of their own.
 */
export const canary = (what: string): string => `CANARY-${what}-${crypto.randomUUID()}`

const shapes: readonly RegExp[] = [
  /CANARY-[\w-]+/,
  // The emulated GitHub, Slack, Google, Microsoft, Okta and Linear.
  /\bgh[opusr]_[A-Za-z0-9]{36,}/,
  /\bxox[abeprs]-[\w-]{20,}/,
  /\bgoogle_(?:refresh_)?[\w-]{27,}/,
  /\b(?:r_)?(?:microsoft|okta)_[\w-]{27}\b/,
  /\blin_(?:refresh_|code_)?[\w-]{20,}/,
  // Our own keys.
  /\bbh_(?:app|adm)_[\w-]{43}/,
]

/** The first secret in a text, shortened so that to name it is not to show it. */
export function secretIn(text: string): string | null {
  for (const shape of shapes) {
    const found = shape.exec(text)?.[0]
    if (found !== undefined) return `${found.slice(0, 12)}… (${found.length} characters)`
  }
  return null
}
