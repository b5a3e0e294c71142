import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Statement } from '../src/gateways/version-statements.ts'
import { Fault } from './command.ts'

const root = join(import.meta.dirname, '..')
/** D1's own limit for one statement, less what surrounds the values. */
const maxStatementBytes = 99_000

export type D1Target = {
  local: boolean
  persistTo: string | null
  env: Readonly<Record<string, string | undefined>>
}

/** Runs one statement with the administrator's own Cloudflare sign-in and gives its rows. */
export async function query<Row>(target: D1Target, statement: Statement): Promise<Row[]> {
  const text = sqlText(statement)
  const [first] = JSON.parse(await wrangler(target, ['--command', text])) as { results: Row[] }[]
  return first?.results ?? []
}

/** Runs these as one batch: all of them or none. */
export async function batch(target: D1Target, statements: readonly Statement[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'behalf-'))
  try {
    const file = join(folder, 'batch.sql')
    writeFileSync(file, statements.map((one) => `${sqlText(one)};\n`).join(''), { mode: 0o600 })
    await wrangler(target, ['--file', file, '--yes'])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The values written into the statement: `wrangler d1 execute` cannot bind them. */
export function sqlText({ sql, values }: Statement): string {
  const parts = sql.split('?')
  if (parts.length !== values.length + 1) throw new Error('a statement has as many values as question marks')
  const text = parts.map((part, i) => (i < values.length ? part + literal(values[i] ?? null) : part)).join('')
  if (Buffer.byteLength(text) > maxStatementBytes) {
    throw new Fault(
      'The document is too large for one SQL statement of D1. Apply it by the API, without --via wrangler.',
    )
  }
  return text
}

/** SQLite §3 (lexical): in a string only the quote is special. NUL would end it early. */
export function literal(value: string | number | null): string {
  if (value === null) return 'NULL'
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new Error('only whole numbers')
    return String(value)
  }
  if (value.includes('\0')) throw new Fault('A NUL character cannot be written with wrangler.')
  return `'${value.replaceAll("'", "''")}'`
}

function wrangler({ local, persistTo, env }: D1Target, args: string[]): Promise<string> {
  const where = local ? ['--local', ...(persistTo === null ? [] : ['--persist-to', persistTo])] : ['--remote']
  const all = [join(root, 'node_modules/wrangler/bin/wrangler.js'), 'd1', 'execute', 'DB', '--json', ...where, ...args]
  return new Promise((resolve, reject) => {
    const options = { cwd: root, env: childEnv(env), maxBuffer: 64 * 1024 * 1024 }
    execFile(process.execPath, all, options, (error, stdout, stderr) => {
      if (!error) resolve(stdout)
      else reject(new Fault(`wrangler did not do it: ${complaint(stdout, stderr)}`))
    })
  })
}

const childEnv = (env: D1Target['env']): NodeJS.ProcessEnv =>
  ({ ...env, WRANGLER_SEND_METRICS: 'false' }) as Record<string, string | undefined> as NodeJS.ProcessEnv

function complaint(stdout: string, stderr: string): string {
  try {
    const { error } = JSON.parse(stdout) as { error?: { text?: string } }
    if (error?.text) return error.text
  } catch {
    // Not its JSON, then: its own words.
  }
  return (stderr || stdout).trim().split('\n').slice(-5).join('\n')
}
