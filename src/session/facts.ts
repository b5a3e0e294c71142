import type { Clock } from '../core/clock.ts'
import type { JsonObject } from '../core/json.ts'
import type { Refused, Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { Tool } from '../core/tool.ts'
import type { Charge, Counter, SessionFacts, Step } from '../policy/policy.ts'
import { giveBack, takeCharges } from '../policy/policy.ts'
import type { Facts, ToolCall } from '../runtime/runtime.ts'

export const factsMigrations = [
  `CREATE TABLE steps (call TEXT PRIMARY KEY, tool TEXT NOT NULL, behaviour TEXT NOT NULL, at INTEGER NOT NULL, outcome TEXT NOT NULL, task TEXT, arguments TEXT) WITHOUT ROWID;
   CREATE TABLE spent (key TEXT PRIMARY KEY, amount REAL NOT NULL, resets_at INTEGER) WITHOUT ROWID;
   CREATE TABLE taint (label TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;`,
]

const newStep = 'INSERT INTO steps VALUES (?, ?, ?, ?, ?, ?, ?)'
const endOfCalls = 'UPDATE steps SET outcome = ? WHERE call IN (SELECT value FROM json_each(?))'

const keptSteps = 1_000
const deferMs = 50

/** Takes charges that count across sessions. The gateway's Hub is their one writer. */
export type SharedBudget = {
  charge(charges: readonly Charge[]): Promise<Result<null>>
  refund(charges: readonly Charge[]): Promise<void>
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] }

/**
 * What was done in this session. Kept in memory and written through to the object's SQLite in the same turn, so that a
 * limit of 3 lets 3 through out of 50 at once and an eviction forgets nothing.
 */
export class SessionMemory implements Facts {
  readonly #sql: SqlStorage
  readonly #shared: SharedBudget
  readonly #now: Clock
  readonly #onTaint: () => void
  readonly #steps: Mutable<Step>[] = []
  readonly #running = new Map<string, Mutable<Step>>()
  readonly #ended: [call: string, outcome: 'done' | 'failed'][] = []
  readonly #counters = new Map<string, Counter>()
  readonly #spent: Record<string, number> = Object.create(null) as Record<string, number>
  readonly #taint: string[] = []
  readonly #view: SessionFacts & { forgottenSteps: number }
  /** Grows with every change, so that whoever caches an answer knows when it is old. */
  revision = 0

  constructor(
    sql: SqlStorage,
    shared: SharedBudget,
    times: { startedAt: number; authenticatedAt: number },
    now: Clock,
    onTaint: () => void = () => {},
  ) {
    this.#sql = sql
    this.#shared = shared
    this.#now = now
    this.#onTaint = onTaint
    this.#view = { ...times, steps: this.#steps, taint: this.#taint, spent: this.#spent, forgottenSteps: 0 }
    this.#load()
  }

  read(): SessionFacts {
    return this.#view
  }

  async charge(charges: readonly Charge[]): Promise<Result<null>> {
    if (charges.length === 0) return ok(null)
    const own = charges.filter((charge) => charge.scope === 'session')
    const shared = charges.filter((charge) => charge.scope === 'gateway')
    const taken = takeCharges((key) => this.#counters.get(key), own, this.#now())
    if (!taken.ok) return limitReached(taken.reached, this.#now())
    this.#store(taken.counters)
    if (shared.length === 0) return ok(null)
    const reply = await this.#shared.charge(shared)
    if (!reply.ok) this.#giveBack(own)
    return reply
  }

  async refund(charges: readonly Charge[]): Promise<void> {
    this.#giveBack(charges.filter((charge) => charge.scope === 'session'))
    const shared = charges.filter((charge) => charge.scope === 'gateway')
    if (shared.length > 0) await this.#shared.refund(shared)
  }

  begin(call: ToolCall, tool: Tool, at: number, remember?: JsonObject): void {
    const { behaviour, name } = tool
    const step: Mutable<Step> = { tool: name, behaviour, at, outcome: 'running' }
    if (call.task !== undefined) step.task = call.task
    if (remember !== undefined) step.arguments = remember
    const kept = remember === undefined ? null : JSON.stringify(remember)
    const { id, task = null } = call
    this.#sql.exec(newStep, id, name, JSON.stringify(behaviour), at, 'running', task, kept)
    this.#steps.push(step)
    this.#running.set(call.id, step)
    this.revision++
    if (this.#steps.length >= keptSteps * 1.2) this.#forgetOldSteps()
  }

  /**
   * In memory at once; on disk 50 ms later with all that ended meanwhile, so that the answer does not wait for a second commit.
   * If the process dies in between, the step counts as failed: a rule that wants it done will not be satisfied by a guess.
   */
  end(call: ToolCall, outcome: 'done' | 'failed'): void {
    const step = this.#running.get(call.id)
    if (!step) return
    this.#running.delete(call.id)
    step.outcome = outcome
    if (this.#ended.length === 0) setTimeout(() => this.#storeEnds(), deferMs)
    this.#ended.push([call.id, outcome])
    this.revision++
  }

  taint(labels: readonly string[], at: number): void {
    const fresh = labels.filter((label) => !this.#taint.includes(label))
    for (const label of fresh) {
      this.#taint.push(label)
      this.#sql.exec('INSERT OR IGNORE INTO taint VALUES (?, ?)', label, at)
      this.revision++
    }
    if (fresh.length > 0) this.#onTaint()
  }

  #storeEnds(): void {
    const ended = this.#ended.splice(0)
    for (const outcome of ['done', 'failed']) {
      const calls = ended.filter(([, how]) => how === outcome).map(([call]) => call)
      if (calls.length > 0) this.#sql.exec(endOfCalls, outcome, JSON.stringify(calls))
    }
  }

  #giveBack(charges: readonly Charge[]): void {
    this.#store(giveBack((key) => this.#counters.get(key), charges, this.#now()))
  }

  #store(counters: Readonly<Record<string, Counter>>): void {
    for (const [key, counter] of Object.entries(counters)) {
      this.#counters.set(key, counter)
      this.#spent[key] = counter.spent
      this.#sql.exec('INSERT OR REPLACE INTO spent VALUES (?, ?, ?)', key, counter.spent, counter.resetsAt)
      this.revision++
    }
  }

  #forgetOldSteps(): void {
    const old = this.#steps.splice(0, this.#steps.length - keptSteps)
    this.#view.forgottenSteps += old.length
    const last = old.at(-1)
    if (last) this.#sql.exec('DELETE FROM steps WHERE at <= ?', last.at)
  }

  /** A call that was running when the object died has an unknown end; for rules it counts as failed, never as done. */
  #load(): void {
    this.#sql.exec('DELETE FROM spent WHERE resets_at IS NOT NULL AND resets_at <= ?', this.#now())
    this.#sql.exec(`UPDATE steps SET outcome = 'failed' WHERE outcome = 'running'`)
    type StepRow = {
      tool: string
      behaviour: string
      at: number
      outcome: Step['outcome']
      task: string | null
      arguments: string | null
    }
    const steps = this.#sql.exec<StepRow>(
      'SELECT tool, behaviour, at, outcome, task, arguments FROM steps ORDER BY call',
    )
    for (const { tool, behaviour, at, outcome, task, arguments: kept } of steps) {
      const step: Mutable<Step> = { tool, behaviour: JSON.parse(behaviour) as Step['behaviour'], at, outcome }
      if (task !== null) step.task = task
      if (kept !== null) step.arguments = JSON.parse(kept) as JsonObject
      this.#steps.push(step)
    }
    // Only what was forgotten makes the table this long; how many they were is gone with the memory.
    if (this.#steps.length >= keptSteps - 1) this.#view.forgottenSteps = 1
    type SpentRow = { key: string; amount: number; resets_at: number | null }
    for (const { key, amount, resets_at: resetsAt } of this.#sql.exec<SpentRow>('SELECT * FROM spent')) {
      this.#spent[key] = amount
      this.#counters.set(key, { spent: amount, resetsAt })
    }
    for (const row of this.#sql.exec<{ label: string }>('SELECT label FROM taint ORDER BY at')) {
      this.#taint.push(row.label)
    }
  }
}

function limitReached(charge: Charge, now: number): Refused {
  const retryAfterMs = charge.resetsAt === null ? undefined : Math.max(0, charge.resetsAt - now)
  const evidence = { rule: charge.rule, key: charge.key, max: charge.max }
  return refuse('policy/limit_reached', { evidence, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) })
}
