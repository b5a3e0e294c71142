import type { Clock } from '../core/clock.ts'
import { logFault } from '../core/log.ts'
import { uuidv7 } from '../core/ids.ts'
import type { AuditEvent } from './event.ts'
import type { EventRow, WaitingRow } from './event-row.ts'
import { sentRow, waitingRow } from './event-row.ts'
import type { PayloadPolicy } from './redact-event.ts'
import { redactEvent } from './redact-event.ts'
import type { DigestKey } from '../core/sha256.ts'

export type OutboxPorts = {
  /** Resolves when the Ledger has the events on disk; rejects or answers false otherwise. Idempotent by event id. */
  send(project: string, events: EventRow[]): Promise<boolean>
  digestKey(project: string): DigestKey
  /** Asked when something waits and no alarm is set: the host must call `flush` at about that time (epoch ms). */
  arm(at: number): void
  now: Clock
}

/** Small enough that whatever else the Ledger has to do does not wait long behind one. */
const batchEvents = 50
const batchLength = 1_000_000
const batchesPerFlush = 100
/** A batch costs the Ledger much the same for two events as for two hundred. */
const delayMs = 1_000
const deferMs = 50
const longestBackoffMs = 60_000
/** A statement takes 100 values at most. */
const rowsPerInsert = 20

type Row = WaitingRow & { row: number }
type Deferred = { event: () => AuditEvent; policy: PayloadPolicy }

/**
 * The record of a Durable Object that does the work, in the object's own SQLite: `put` is part of the same storage
 * transaction as whatever the caller writes in the same turn, and the output gate holds every outgoing request until
 * it is on disk. The host's alarm carries the rows to the Ledger; nothing relies on `waitUntil`.
 *
 * All events of one object belong to one project.
 *
 * An intent stays here until its outcome is written. An intent found alone after a restart means that the process
 * died during the call: its outcome is recorded as `unknown`.
 */
export class Outbox {
  readonly #storage: DurableObjectStorage
  readonly #ports: OutboxPorts
  /** Intents without an outcome: call id to row. */
  readonly #open = new Map<string, number>()
  readonly #deferred: Deferred[] = []
  #timerRuns = false
  #lastRow = 0
  #sentUpTo = 0
  #failures = 0
  #armed = false
  #flushing: Promise<number | null> | null = null

  constructor(storage: DurableObjectStorage, ports: OutboxPorts) {
    this.#storage = storage
    this.#ports = ports
    storage.sql.exec(`CREATE TABLE IF NOT EXISTS audit_outbox (
      row INTEGER PRIMARY KEY, id TEXT NOT NULL, user TEXT NOT NULL, head TEXT NOT NULL, payload TEXT)`)
    this.#recover()
  }

  /**
   * Redacts and stores: durable before anything else leaves the object. Synchronous; throws when the storage refuses.
   */
  put(event: AuditEvent, policy: PayloadPolicy = {}): void {
    // A call that begins does not pay for the one before it. Anything else comes after what happened before it.
    if (event.type !== 'tool.intent') this.#settle()
    this.#insert([redactEvent(event, policy, this.#ports.digestKey(event.project))])
    this.#arm()
  }

  /**
   * For an outcome: at most 50 ms later it is made, redacted and written with the others of that time, so that no answer
   * waits for it. If the process dies in between, the outcome is recorded as `unknown`.
   */
  defer(event: () => AuditEvent, policy: PayloadPolicy = {}): void {
    this.#deferred.push({ event, policy })
    this.#arm()
    if (this.#deferred.length % rowsPerInsert === 0) this.#trySettle()
    else this.#settleIn(deferMs)
  }

  /** How many events wait here. */
  get depth(): number {
    const [row] = this.#storage.sql
      .exec<{ n: number }>('SELECT count(*) AS n FROM audit_outbox WHERE row > ?', this.#sentUpTo)
      .toArray()
    return (row?.n ?? 0) + this.#deferred.length
  }

  /**
   * Hands what waits to the Ledger. Never throws, because an alarm that throws is retried six times and then never again.
   * Returns when it wants to be called again (epoch ms), or null when nothing waits.
   */
  flush(): Promise<number | null> {
    this.#flushing ??= this.#flush().finally(() => (this.#flushing = null))
    return this.#flushing
  }

  async #flush(): Promise<number | null> {
    this.#armed = true
    try {
      this.#settle()
      for (let batches = 0; batches < batchesPerFlush; batches++) {
        const batch = this.#nextBatch()
        if (batch.last === null) {
          this.#armed = false
          return null
        }
        if (!(await this.#ports.send(batch.project, batch.events))) return this.#later()
        this.#failures = 0
        this.#acknowledge(batch.last)
      }
      return this.#ports.now()
    } catch {
      return this.#later()
    }
  }

  #later(): number {
    this.#failures++
    return this.#ports.now() + Math.min(1000 * 2 ** Math.min(this.#failures - 1, 10), longestBackoffMs)
  }

  #nextBatch(): { project: string; events: EventRow[]; last: number | null } {
    const events: EventRow[] = []
    let last: number | null = null
    let length = 0
    const rows = this.#storage.sql.exec<Row>(
      'SELECT * FROM audit_outbox WHERE row > ? ORDER BY row LIMIT ?',
      this.#sentUpTo,
      batchEvents,
    )
    for (const { row, ...waiting } of rows) {
      length += waiting.head.length + (waiting.payload?.length ?? 0)
      if (last !== null && length > batchLength) break
      events.push(sentRow(waiting))
      last = row
    }
    const [first] = events
    return { project: first ? (JSON.parse(first.head) as AuditEvent).project : '', events, last }
  }

  /** Deletes what the Ledger has, except intents whose outcome is still to come. */
  #acknowledge(last: number): void {
    this.#sentUpTo = last
    this.#storage.sql.exec(
      'DELETE FROM audit_outbox WHERE row <= ? AND row NOT IN (SELECT value FROM json_each(?))',
      last,
      JSON.stringify([...this.#open.values()]),
    )
  }

  /** All or, when the storage refuses, none. One statement for several: its price is the statement, not the row. */
  #insert(events: readonly AuditEvent[]): void {
    const rows = events.map(waitingRow)
    const write = (): void => {
      for (let from = 0; from < rows.length; from += rowsPerInsert) {
        const part = rows.slice(from, from + rowsPerInsert)
        const values: (string | number | null)[] = []
        for (const [i, { id, user, head, payload }] of part.entries())
          values.push(this.#lastRow + 1 + from + i, id, user, head, payload)
        this.#storage.sql.exec(insertOf(part.length), ...values)
      }
    }
    if (rows.length > rowsPerInsert) this.#storage.transactionSync(write)
    else write()
    for (const { call, type } of events) {
      this.#lastRow++
      if (call === undefined) continue
      if (type === 'tool.intent') this.#open.set(call, this.#lastRow)
      if (type === 'tool.outcome') this.#open.delete(call)
    }
  }

  #settle(): void {
    if (this.#deferred.length === 0) return
    this.#insert(this.#deferred.flatMap((one) => this.#redactedOrBare(one)))
    this.#deferred.length = 0
  }

  #trySettle(): void {
    try {
      this.#settle()
    } catch {
      this.#settleIn(1000)
    }
  }

  /** One timer at a time. It is left to run when something else is first: it then finds nothing, which costs less than to call it off. */
  #settleIn(ms: number): void {
    if (this.#timerRuns) return
    this.#timerRuns = true
    setTimeout(() => {
      this.#timerRuns = false
      this.#trySettle()
    }, ms)
  }

  /**
   * The call is over: what of it cannot be redacted is not kept, but that it happened is, and holds up no other event. Of an
   * outcome that cannot even be made the intent stays alone, so it is `unknown` in the end.
   */
  #redactedOrBare({ event: make, policy }: Deferred): AuditEvent[] {
    let event: AuditEvent | undefined
    try {
      event = make()
      return [redactEvent(event, policy, this.#ports.digestKey(event.project))]
    } catch (cause) {
      logFault('audit.payload_lost', cause, { event: event?.id })
      return event ? [withoutPayload(event)] : []
    }
  }

  #arm(): void {
    if (this.#armed) return
    this.#armed = true
    this.#ports.arm(this.#ports.now() + delayMs)
  }

  #recover(): void {
    const alone = new Map<string, AuditEvent>()
    for (const { row, head } of this.#storage.sql.exec<Row>('SELECT * FROM audit_outbox ORDER BY row')) {
      this.#lastRow = row
      const event = JSON.parse(head) as AuditEvent
      if (event.call === undefined) continue
      if (event.type === 'tool.intent') alone.set(event.call, event)
      if (event.type === 'tool.outcome') alone.delete(event.call)
    }
    this.#insert([...alone.values()].map((intent) => interrupted(intent, this.#ports.now())))
    if (this.#lastRow > 0) this.#arm()
  }
}

function withoutPayload(event: AuditEvent): AuditEvent {
  const { payload: _, ...bare } = event
  return bare
}

const insertOf = (rows: number): string =>
  `INSERT INTO audit_outbox VALUES (?, ?, ?, ?, ?)${', (?, ?, ?, ?, ?)'.repeat(rows - 1)}`

function interrupted(intent: AuditEvent, now: number): AuditEvent {
  return {
    ...intent,
    id: uuidv7(now),
    type: 'tool.outcome',
    at: now,
    outcome: 'unknown',
    attributes: { ...intent.attributes, 'error.type': 'interrupted' },
  }
}
