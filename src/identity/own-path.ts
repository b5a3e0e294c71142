import type { Config } from '../config/config.ts'

/** What fits into one cookie, sealed. */
const maxReturnLength = 2_600

/** Never another site's: an open redirect behind a sign-in is a phishing tool. */
export function isOwnPath(path: string, config: Pick<Config, 'publicUrl'>): boolean {
  if (!path.startsWith('/') || path.length > maxReturnLength) return false
  try {
    const { origin } = new URL(config.publicUrl)
    const url = new URL(path, origin)
    return url.origin === origin && url.pathname + url.search + url.hash === path
  } catch {
    return false
  }
}
