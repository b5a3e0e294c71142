import { createHash, randomBytes } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseEnv } from 'node:util'
import { root, stateFolder } from './root.ts'
import { Stop } from './stop.ts'

export type DevVars = {
  vars: Record<string, string>
  /** Opens the admin API of the local deployment; .dev.vars holds only its hash. */
  adminToken: string
}

export type DevVarsFiles = { example: string; vars: string; adminToken: string }

export const devVarsFiles: DevVarsFiles = {
  example: join(root, '.dev.vars.example'),
  vars: join(root, '.dev.vars'),
  adminToken: join(stateFolder, 'admin-token'),
}

/** Names in .dev.vars.example that want 32 random bytes in base64. */
const isKey = (name: string): boolean => /_KEY$|_KEK_(?!ACTIVE$)/.test(name)

/**
 * Brings .dev.vars up to .dev.vars.example: what is there stays, what is missing or blank is filled in, keys with fresh
 * random bytes. `set` wins over both. A key that is there is never replaced: what it sealed could not be opened again.
 */
export function ensureDevVars(set: Record<string, string> = {}, files: DevVarsFiles = devVarsFiles): DevVars {
  const example = readFileSync(files.example, 'utf8')
  const isNew = !existsSync(files.vars)
  const text = isNew ? example : readFileSync(files.vars, 'utf8')
  const adminToken = ensureAdminToken(files.adminToken)
  const have = parse(text)

  const want: Record<string, string> = {}
  for (const [name, value] of Object.entries(parse(example))) {
    if (!have[name]) want[name] = isKey(name) ? randomBytes(32).toString('base64') : value
  }
  want['BEHALF_ADMIN_TOKEN_SHA256'] = createHash('sha256').update(adminToken).digest('hex')
  Object.assign(want, set)

  const next = Object.entries(want).reduce((lines, [name, value]) => withLine(lines, name, value), text)
  if (next !== text || isNew) {
    const written = writePrivate(files.vars, next, isNew)
    // Another command made the file first: its keys are the ones in use.
    if (!written) return ensureDevVars(set, files)
  }
  return { vars: parse(next), adminToken }
}

/** What a person allowed stays; ports of this computer are those of an earlier run. */
export function withHosts(before: string | undefined, needed: readonly string[]): string {
  const own = (before ?? '').split(/[\s,]+/).filter((host) => host !== '' && !/^localhost:\d+$/.test(host))
  return [...new Set([...own, ...needed])].join(',')
}

function parse(text: string): Record<string, string> {
  return Object.fromEntries(Object.entries(parseEnv(text)).map(([name, value]) => [name, value ?? '']))
}

function withLine(text: string, name: string, value: string): string {
  if (/["\n\\]/.test(value)) throw new Stop(`${name} cannot hold a quote, a backslash or a line break`)
  const line = `${name}="${value}"`
  const old = new RegExp(`^${name}=.*$`, 'm')
  if (old.test(text)) return text.replace(old, () => line)
  return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`
}

function ensureAdminToken(file: string): string {
  if (existsSync(file)) {
    const token = readFileSync(file, 'utf8').trim()
    if (token !== '') return token
    rmSync(file)
  }
  const token = `bhf_admin_${randomBytes(32).toString('base64url')}`
  return writePrivate(file, `${token}\n`, true) ? token : ensureAdminToken(file)
}

/** Whole or not at all, readable by its owner only. With `isNew`, false when the file is there already. */
function writePrivate(file: string, text: string, isNew: boolean): boolean {
  mkdirSync(dirname(file), { recursive: true })
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
  writeFileSync(draft, text, { mode: 0o600 })
  try {
    if (isNew) linkSync(draft, file)
    else renameSync(draft, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}
