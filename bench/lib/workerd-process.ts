import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { createRequire } from 'node:module'

/** CommonJS, without types: the path of the binary. */
const workerd = (createRequire(import.meta.url)('workerd') as { default: string }).default

/**
 * Lets a test kill `workerd` and start it again with the very configuration that miniflare made: the same sockets, the
 * same storage. Call it before miniflare starts; miniflare then starts `workerd` through a script that keeps both.
 */
export function keepConfiguration(folder: string): WorkerdProcess {
  const config = join(folder, 'workerd-config')
  const script = join(folder, 'workerd')
  const lines = [
    '#!/bin/sh',
    `cat > '${config}'`,
    `printf '%s\\n' "$@" > '${config}.args'`,
    `exec '${workerd}' "$@" < '${config}'`,
  ]
  writeFileSync(script, `${lines.join('\n')}\n`, { mode: 0o700 })
  process.env['MINIFLARE_WORKERD_PATH'] = script
  return new WorkerdProcess(config)
}

export class WorkerdProcess {
  readonly #config: string
  #child: ChildProcess | null = null

  constructor(config: string) {
    this.#config = config
    process.on('exit', () => this.#child?.kill('SIGKILL'))
  }

  /** Without a word of warning. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === null) return
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }

  /** Resolves when every socket listens. */
  async start(): Promise<void> {
    const args = readFileSync(`${this.#config}.args`, 'utf8').trim().split('\n')
    // Miniflare takes its temporary folders with it; nothing is in them, but workerd wants them to be there.
    const folders = readFileSync(this.#config, 'latin1').match(/\/[\w./-]*\/miniflare-[0-9a-f]{32}\/[\w-]+/g) ?? []
    for (const folder of folders) mkdirSync(folder, { recursive: true })
    const stdin = openSync(this.#config, 'r')
    const child = spawn(workerd, args, {
      stdio: [stdin, 'ignore', process.env['CHAOS_VERBOSE'] ? 'inherit' : 'ignore', 'pipe'],
    })
    closeSync(stdin)
    this.#child = child
    const control = createInterface({ input: child.stdio[3] as Readable })
    const listening = new Promise<void>((done, fail) => {
      child.once('exit', (code) => fail(new Error(`workerd ended with ${code} before it listened`)))
      control.on('line', (line) => {
        if ((JSON.parse(line) as { event?: string }).event === 'listen') done()
      })
    })
    await listening
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }
}
