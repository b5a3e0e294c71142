import { spawn } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'
import { root } from './root.ts'

export type Outcome = { ok: boolean; output: string }

/** Runs a tool of node_modules/.bin to its end, without terminal, colours or telemetry. Never throws. */
export function command(...words: [name: string, ...args: string[]]): Promise<Outcome> {
  return commandIn(root, ...words)
}

/** The same, in another folder. */
export function commandIn(cwd: string, name: string, ...args: string[]): Promise<Outcome> {
  const env = { ...process.env, CI: 'true', NO_COLOR: '1', FORCE_COLOR: '0', WRANGLER_SEND_METRICS: 'false' }
  return new Promise((done) => {
    const child = spawn(name, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.on('error', (error) => done({ ok: false, output: error.message }))
    child.on('close', (code) => done({ ok: code === 0, output: stripVTControlCharacters(output) }))
  })
}
