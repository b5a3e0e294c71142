import type { Config } from '../config/config.ts'

/**
 * `__Host-`: only this host may set it, over TLS, for the whole host, so no sister host can plant one (login CSRF). Over plain
 * http, which only a laptop uses, browsers refuse that prefix.
 */
export function cookieName(config: Config, name: string): string {
  return isSecure(config) ? `__Host-behalf-${name}` : `behalf-${name}`
}

/** `Lax`: sent when the identity provider sends the browser back, not when another site posts a form. */
export function setCookie(config: Config, name: string, value: string, maxAgeMs: number): string {
  const age = Math.floor(maxAgeMs / 1000)
  const secure = isSecure(config) ? '; Secure' : ''
  return `${cookieName(config, name)}=${value}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Lax${secure}`
}

export const clearCookie = (config: Config, name: string): string => setCookie(config, name, '', 0)

/** Null when it is missing, or there twice, which only an attacker's page or a broken proxy does. */
export function readCookie(config: Config, request: Request, name: string): string | null {
  const start = `${cookieName(config, name)}=`
  const found = (request.headers.get('cookie') ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(start))
  return found.length === 1 && found[0] ? found[0].slice(start.length) || null : null
}

const isSecure = (config: Config): boolean => config.publicUrl.startsWith('https:')
