import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { Fault } from './command.ts'

const root = join(import.meta.dirname, '..')

/** Which deployment, and the right to administer it. */
export type Settings = { url: string; token: string }

/**
 * From BEHALF_URL and BEHALF_ADMIN_TOKEN. Without BEHALF_URL it is the local deployment, whose address and token
 * `npm start` leaves in .dev.vars and .behalf/admin-token. That token is never sent anywhere else.
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const { BEHALF_URL: url, BEHALF_ADMIN_TOKEN: token } = env
  const local = readLocal()
  if (url) {
    if (!token) throw new Fault('Set BEHALF_ADMIN_TOKEN to an admin token of the deployment at BEHALF_URL.')
    return { url: checked(url), token: token.trim() }
  }
  const found = token?.trim() || local?.token
  if (!local || !found) {
    throw new Fault('Set BEHALF_URL and BEHALF_ADMIN_TOKEN, or run npm start first for a deployment on this computer.')
  }
  return { url: local.url, token: found }
}

function readLocal(): { url: string; token: string | undefined } | null {
  const vars = join(root, '.dev.vars')
  const tokenFile = join(root, '.behalf', 'admin-token')
  if (!existsSync(vars)) return null
  const url = parseEnv(readFileSync(vars, 'utf8'))['BEHALF_PUBLIC_URL']
  if (!url) return null
  return { url: checked(url), token: existsSync(tokenFile) ? readFileSync(tokenFile, 'utf8').trim() : undefined }
}

/** A token must not travel in the clear, except to this computer. */
function checked(text: string): string {
  const url = URL.parse(text)
  if (!url) throw new Fault(`BEHALF_URL is not a URL: ${text}`)
  const isLocal = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocal)) {
    throw new Fault(`BEHALF_URL has to begin with https://, so that nobody on the way can read the token: ${text}`)
  }
  return text.replace(/\/+$/, '')
}
