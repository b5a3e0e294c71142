import { logFault } from '../core/log.ts'

/**
 * One piece of background work of a Durable Object. Returns when it wants to run again (epoch ms), null when only an
 * event will bring it back. It may throw: it is then tried again later.
 */
export type Task = {
  run(now: number): Promise<number | null>
  /** False for what waits on the outside world: the alarm does not wait for it, so a slow service delays nothing else. */
  awaited: boolean
}

export type AlarmPorts = { set(at: number): void; now(): number }

const retryMs = 5_000
/** Ends a wait that an evicted object left behind: a task that is not awaited dies with its object. */
const safetyMs = 60_000

/**
 * Several tasks on the one alarm an object has. The handler never throws, because an alarm that does is retried six
 * times and then never again. After a restart every task is due once: what it knows is in storage, not here.
 */
export class Tasks {
  readonly #tasks: ReadonlyMap<string, Task>
  readonly #ports: AlarmPorts
  readonly #due = new Map<string, number>()
  readonly #running = new Map<string, Promise<void>>()
  #alarmAt: number | null = null

  constructor(tasks: Record<string, Task>, ports: AlarmPorts) {
    this.#tasks = new Map(Object.entries(tasks))
    this.#ports = ports
    for (const name of this.#tasks.keys()) this.#due.set(name, 0)
  }

  /** Run this task at about that time, or earlier. */
  want(name: string, at: number): void {
    this.#due.set(name, Math.min(at, this.#due.get(name) ?? at))
    this.#arm(at)
  }

  /** The alarm rang. */
  async ring(): Promise<void> {
    this.#alarmAt = null
    const now = this.#ports.now()
    for (const [name, at] of this.#due) if (at <= now) this.#start(name)
    const awaited = [...this.#running].filter(([name]) => this.#tasks.get(name)?.awaited)
    await Promise.all(awaited.map(([, work]) => work))
    if (this.#running.size > 0) this.#arm(now + safetyMs)
    const next = Math.min(...this.#due.values())
    if (Number.isFinite(next)) this.#arm(next)
  }

  /** Runs one task now, or joins it when it is under way. For tests and for "do it now" buttons. */
  runNow(name: string): Promise<void> {
    this.#start(name)
    return this.#running.get(name) ?? Promise.resolve()
  }

  #start(name: string): void {
    const task = this.#tasks.get(name)
    if (task === undefined || this.#running.has(name)) return
    this.#due.delete(name)
    const work = task
      .run(this.#ports.now())
      .catch((cause: unknown) => {
        logFault('a background task failed', cause, { task: name })
        return this.#ports.now() + retryMs
      })
      .then((next) => {
        this.#running.delete(name)
        if (next !== null) this.want(name, next)
      })
    this.#running.set(name, work)
  }

  #arm(at: number): void {
    if (this.#alarmAt !== null && this.#alarmAt <= at) return
    this.#alarmAt = at
    this.#ports.set(at)
  }
}
