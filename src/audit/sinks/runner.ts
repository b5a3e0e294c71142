import type { Clock } from '../../core/clock.ts'
import { randomBytes } from '../../core/bytes.ts'
import { logFault } from '../../core/log.ts'
import { deliver, limitsOf } from './kinds.ts'
import type { PumpPorts } from './pump.ts'
import { pump } from './pump.ts'
import type { SinkRecord } from './record.ts'
import { selected } from './filter.ts'
import type { SinkSettings } from './settings.ts'
import type { Delivery, SinkTools } from './sink.ts'
import { SinkFault } from './sink.ts'
import type { DeadLetter, SinkStates } from './state.ts'

export type SinkConfig = { id: string; enabled: boolean; settings: SinkSettings; sealedSecret: string | null }

export type RunnerPorts = {
  states: SinkStates
  /** From D1. Throws when D1 is away: the last known ones are used meanwhile. */
  load(): Promise<SinkConfig[]>
  /** Throws a `SinkFault` for what an administrator can mend. */
  open(sink: SinkConfig, memory: Map<string, unknown>): Promise<{ tools: SinkTools; settings: SinkSettings }>
  /** Size of the ledger and of its last head: where a sink begins that wants only what is new. */
  now: Clock
  size(): number
  lastHead(): number
  read: PumpPorts['read']
  heads: PumpPorts['heads']
  /** Come back at about that time. */
  wake(at: number): void
}

const reloadMs = 15_000
const safetyMs = 60_000

/** All sinks of a ledger, each at its own pace: one that hangs or is down delays no other. */
export class SinkRunner {
  readonly #ports: RunnerPorts
  readonly #running = new Map<string, Promise<void>>()
  readonly #memories = new Map<string, Map<string, unknown>>()
  #configs: SinkConfig[] | null = null
  #loadedAt = 0

  constructor(ports: RunnerPorts) {
    this.#ports = ports
  }

  /** Starts what is not running; each comes back by itself. */
  async run(): Promise<null> {
    for (const sink of await this.configs()) if (sink.enabled) this.#start(sink)
    return null
  }

  /** Until every sink has all there is or waits for its receiver. */
  async settle(): Promise<void> {
    await this.run()
    await Promise.all(this.#running.values())
  }

  async configs(): Promise<readonly SinkConfig[]> {
    const now = this.#ports.now()
    if (this.#configs !== null && now - this.#loadedAt < reloadMs) return this.#configs
    try {
      this.#configs = await this.#ports.load()
      this.#loadedAt = now
    } catch (cause) {
      if (this.#configs === null) throw cause
    }
    return this.#configs
  }

  /** An administrator changed something: take it up now. A sink that begins with "now" begins here. */
  async changed(): Promise<void> {
    this.#configs = null
    this.#memories.clear()
    const configs = await this.configs()
    for (const sink of configs) {
      this.#open(sink)
      this.#ports.states.hurry(sink.id)
    }
    for (const id of this.#ports.states.ids())
      if (!configs.some((sink) => sink.id === id)) this.#ports.states.remove(id)
    await this.run()
  }

  /** Sends one made-up record and says what the receiver answered. */
  async test(id: string, record: SinkRecord): Promise<Delivery | null> {
    const sink = (await this.configs()).find((one) => one.id === id)
    if (!sink) return null
    const batch = { id: record.event.id, records: [selected(record, sink.settings)] }
    try {
      const { tools, settings } = await this.#ports.open(sink, new Map())
      return await deliver(batch, settings, tools)
    } catch (cause) {
      return { kind: 'later', reason: faultOf(cause) }
    }
  }

  /** Sends dead letters once more. Returns how many records arrived this time. */
  async revive(id: string): Promise<number> {
    const sink = (await this.configs()).find((one) => one.id === id)
    if (!sink) return 0
    let revived = 0
    const letters = this.#ports.states.deadLetters(id, 0, 500)
    for (const letter of letters) revived += await this.#revive(sink, letter)
    return revived
  }

  async #revive(sink: SinkConfig, letter: DeadLetter): Promise<number> {
    const found = await this.#ports.read(letter.from_sequence, letter.up_to - letter.from_sequence + 1)
    const records = found.filter((one) => one.sequence <= letter.up_to).map((one) => selected(one, sink.settings))
    if (records.length === 0) return 0
    const batch = { id: `${sink.id}:again:${letter.from_sequence}-${letter.up_to}`, records }
    const { tools, settings } = await this.#ports.open(sink, this.#memory(sink.id))
    const delivery = await deliver(batch, settings, tools)
    if (delivery.kind !== 'accepted' || delivery.refused.length > 0) return 0
    this.#ports.states.revive(letter)
    return letter.count
  }

  #start(sink: SinkConfig): void {
    if (this.#running.has(sink.id)) return
    // If the object is evicted meanwhile, its alarm brings it back.
    this.#ports.wake(this.#ports.now() + safetyMs)
    const work = this.#pump(sink)
      .catch((cause: unknown) => {
        logFault('a sink could not be served', cause, { sink: sink.id })
        this.#ports.states.fail(sink.id, faultOf(cause), this.#ports.now() + safetyMs)
        return this.#ports.now() + safetyMs
      })
      .then((next) => {
        this.#running.delete(sink.id)
        if (next !== null) this.#ports.wake(next)
      })
    this.#running.set(sink.id, work)
  }

  async #pump(sink: SinkConfig): Promise<number | null> {
    const { states, read, heads, now } = this.#ports
    // First its place: what goes wrong after this is seen in its status.
    this.#open(sink)
    const { tools, settings } = await this.#ports.open(sink, this.#memory(sink.id))
    return pump(this.#open(sink), {
      states,
      settings: sink.settings,
      limits: limitsOf(sink.settings),
      read,
      heads,
      deliver: (batch) => deliver(batch, settings, tools),
      now,
      jitter: () => 0.8 + (0.4 * (randomBytes(1)[0] ?? 0)) / 255,
    })
  }

  #open({ id, settings }: SinkConfig) {
    const fromNow = settings.start === 'now'
    return this.#ports.states.open(id, fromNow ? this.#ports.size() : 0, fromNow ? this.#ports.lastHead() : 0)
  }

  #memory(id: string): Map<string, unknown> {
    const known = this.#memories.get(id)
    if (known) return known
    const fresh = new Map<string, unknown>()
    this.#memories.set(id, fresh)
    return fresh
  }
}

const faultOf = (cause: unknown): string => (cause instanceof SinkFault ? cause.message : 'internal')
