import { spawn, type ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

export type Ended = { code: number | null; signal: NodeJS.Signals | null; error?: Error }

export type Child = {
  name: string
  process: ChildProcess
  /** Settles when the process is gone; never rejects. */
  ended: Promise<Ended>
  /** The last lines it wrote, for a message that says why it ended. */
  lastLines(): string
}

export type ChildOptions = {
  cwd?: string
  env?: NodeJS.ProcessEnv
  /** Keep its lines for `lastLines` only. */
  quiet?: boolean
}

const keptLines = 30

/**
 * The processes of one command. Each is the leader of a process group of its own, so that what it starts (wrangler starts
 * workerd) ends with it. They end on Ctrl-C, SIGTERM, SIGHUP, an uncaught error and every other exit of this process but
 * SIGKILL; a second Ctrl-C does not wait. `hear` gets every line, also those that are kept quiet.
 */
export function createChildren(write: (line: string) => void = console.log, hear: (line: string) => void = () => {}) {
  const live = new Set<Child>()
  let stopping: Promise<void> | undefined

  function start(name: string, file: string, args: readonly string[], options: ChildOptions = {}): Child {
    const process_ = spawn(file, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const lines: string[] = []
    for (const stream of [process_.stdout, process_.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        hear(line)
        lines.push(line)
        if (lines.length > keptLines) lines.shift()
        if (options.quiet !== true) write(`[${name}] ${line}`)
      })
    }
    const ended = new Promise<Ended>((done) => {
      process_.on('error', (error) => done({ code: null, signal: null, error }))
      process_.on('close', (code, signal) => done({ code, signal }))
    })
    const child: Child = { name, process: process_, ended, lastLines: () => lines.join('\n') }
    live.add(child)
    return child
  }

  /** Asks every group to end, and after `graceMs` makes it. Resolves when none is left. */
  function stop(graceMs = 5_000): Promise<void> {
    stopping ??= Promise.all([...live].map((child) => endGroup(child, graceMs))).then(() => {
      live.clear()
      stopping = undefined
    })
    return stopping
  }

  function kill(): void {
    for (const child of live) signalGroup(child, 'SIGKILL')
  }

  process.once('exit', kill)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stopping !== undefined) kill()
      const code = 128 + constants.signals[signal]
      void stop().then(() => process.exit(code))
    })
  }
  return { start, stop }
}

export type Children = ReturnType<typeof createChildren>

/** False when nothing of the group is left. */
function signalGroup(child: Child, signal: NodeJS.Signals | 0): boolean {
  if (child.process.pid === undefined) return false
  try {
    return process.kill(-child.process.pid, signal)
  } catch {
    return false
  }
}

/**
 * What outlives the leader gets a second at most, not the whole grace: in a container without an init process an orphan
 * that has ended may stay in the process table for good and look alive.
 */
async function endGroup(child: Child, graceMs: number): Promise<void> {
  const until = async (done: () => boolean, ms: number): Promise<void> => {
    for (const deadline = Date.now() + ms; !done() && Date.now() < deadline;) await sleep(25)
  }
  const hasExited = (): boolean => child.process.exitCode !== null || child.process.signalCode !== null
  const isGone = (): boolean => !signalGroup(child, 0)
  signalGroup(child, 'SIGTERM')
  await until(() => hasExited() || isGone(), graceMs)
  await until(isGone, Math.min(graceMs, 1_000))
  signalGroup(child, 'SIGKILL')
  await until(() => hasExited() || isGone(), 1_000)
}
