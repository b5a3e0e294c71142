import { spawn } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { inTerminal } from './terminal.ts'

export type RunOptions = {
  env?: Record<string, string>
  timeoutMs?: number
  /** Opens a link that the program wants a browser for. Called once for each. */
  open?: (url: string) => Promise<unknown>
  /** In a terminal of its own; what a person types there, in this order, each when it is time. */
  terminal?: readonly Typed[]
  /** Its standard input stays open, for programs that end with it. */
  keepInput?: boolean
}

export type Typed = { line: string; when: (output: string) => boolean }

export type Ran = { code: number | null; output: string }

export type Start = {
  file: string
  args: readonly string[]
  env: Record<string, string>
  cwd: string
  /** What it writes is added to this file. */
  log: string
  /** The file to which its browser adds links. */
  links: string
}

const lookMs = 100
/** For a screen that is drawn to be listened to. */
const typeMs = 2_000

/** Runs a program to its end. Throws when it takes too long, and then ends all that it started. */
export async function runProgram(start: Start, options: RunOptions = {}): Promise<Ran> {
  const { timeoutMs = 60_000, open, terminal = null, keepInput = false } = options
  const pidFile = `${start.log}.pid`
  const direct = { file: start.file, args: [...start.args] }
  const { file, args } = terminal === null ? direct : inTerminal([start.file, ...start.args], pidFile)
  const log = (text: string): void => appendFileSync(start.log, text)
  log(`\n$ ${[start.file, ...start.args].join(' ')}\n`)
  const opened = (): string[] => readFileSync(start.links, 'utf8').split('\n').filter(Boolean)
  // Looked at before it starts: it may open a link at once.
  const before = opened().length
  const child = spawn(file, args, {
    cwd: start.cwd,
    env: start.env as NodeJS.ProcessEnv,
    stdio: [keepInput || terminal !== null ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
      log(text)
    })
  }
  child.stdin?.on('error', () => {})
  let ended = false
  const end = new Promise<number | null>((done, fail) => {
    child.on('error', fail)
    child.on('close', done)
  }).finally(() => (ended = true))

  const browse = async (): Promise<void> => {
    for (let handled = before; !ended; await sleep(lookMs)) {
      const link = opened()[handled]
      if (link === undefined) continue
      handled++
      const last = await open?.(link)
      log(`[browser] ${link}\n[browser] ${String(last)}\n`)
    }
  }
  const type = async (): Promise<void> => {
    for (const { line, when } of terminal ?? []) {
      while (!ended && !when(output)) await sleep(lookMs)
      // Enter with the line would pass for a part of something pasted, and the first one may only take a suggestion.
      for (const keys of [line, '\r', '\r']) {
        await sleep(typeMs)
        if (!ended) child.stdin?.write(keys)
      }
    }
  }
  const endAll = (): void => {
    endGroup(child.pid)
    // What runs in a terminal is in a group of its own.
    if (terminal !== null && existsSync(pidFile)) endGroup(Number(readFileSync(pidFile, 'utf8')))
  }
  process.once('exit', endAll)
  const late = AbortSignal.timeout(timeoutMs)
  const tooLong = new Promise<never>((_, fail) => {
    late.onabort = () => fail(new Error(`It was not done after ${timeoutMs / 1000} s.`))
  })
  try {
    const [code] = await Promise.race([Promise.all([end, browse(), type()]), tooLong])
    return { code, output: stripVTControlCharacters(output) }
  } finally {
    process.off('exit', endAll)
    child.stdin?.end()
    if (!ended) endAll()
    log(`\n[exit ${child.exitCode}]\n`)
  }
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined && pid > 0) process.kill(-pid, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}
