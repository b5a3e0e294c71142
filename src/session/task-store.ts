import type { Json } from '../core/json.ts'
import type { KeyRing } from '../core/seal.ts'
import { openSecret, sealSecret } from '../core/seal.ts'

export const taskMigrations = [
  `CREATE TABLE tasks (id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, sealed TEXT) WITHOUT ROWID;`,
  `ALTER TABLE tasks ADD COLUMN state TEXT NOT NULL DEFAULT 'ended';
   CREATE TABLE task_parts (task TEXT NOT NULL, part INTEGER NOT NULL, sealed TEXT NOT NULL, PRIMARY KEY (task, part)) WITHOUT ROWID;
   INSERT INTO task_parts SELECT id, 0, sealed FROM tasks WHERE sealed IS NOT NULL;
   ALTER TABLE tasks DROP COLUMN sealed;`,
]

/** A row of the object's SQLite holds 2 MB. */
const partChars = 1_000_000

export type TaskRow = { id: string; state: 'working' | 'waiting' | 'ended'; createdAt: number; updatedAt: number }

/**
 * Tasks at rest. What a task is about (arguments, questions, the outcome) may be personal, so it lies sealed, bound to the task;
 * in the clear are its id, its state and its times. Writes of one session keep their order, although sealing takes turns.
 */
export class TaskStore {
  readonly #sql: SqlStorage
  readonly #keys: () => KeyRing | null
  #last: Promise<unknown> = Promise.resolve()

  constructor(sql: SqlStorage, keys: () => KeyRing | null) {
    this.#sql = sql
    this.#keys = keys
  }

  add(row: TaskRow, content: Json): Promise<void> {
    return this.#inOrder(async () => {
      const sealed = await this.#seal(row.id, content)
      const { id, createdAt, updatedAt, state } = row
      this.#sql.exec('INSERT INTO tasks VALUES (?, ?, ?, ?)', id, createdAt, updatedAt, state)
      this.#putParts(id, sealed)
    })
  }

  /** Nothing, where the task is gone meanwhile. */
  keep({ id, state, updatedAt }: Omit<TaskRow, 'createdAt'>, content: Json): Promise<void> {
    return this.#inOrder(async () => {
      const sealed = await this.#seal(id, content)
      if (this.row(id) === null) return
      this.#sql.exec('UPDATE tasks SET state = ?, updated_at = ? WHERE id = ?', state, updatedAt, id)
      this.#putParts(id, sealed)
    })
  }

  /** Settles when what was to be kept until now is on its way to the disk. */
  async written(): Promise<void> {
    await this.#last
  }

  row(id: string): TaskRow | null {
    const found = this.#sql.exec<{ id: string; created_at: number; updated_at: number; state: TaskRow['state'] }>(
      'SELECT id, created_at, updated_at, state FROM tasks WHERE id = ?',
      id,
    )
    const row = found.toArray()[0]
    return row ? { id, state: row.state, createdAt: row.created_at, updatedAt: row.updated_at } : null
  }

  /** Null: there is none, or it was sealed under a key that is gone. */
  async content(id: string): Promise<Json | null> {
    const rows = this.#sql.exec<{ sealed: string }>('SELECT sealed FROM task_parts WHERE task = ? ORDER BY part', id)
    const sealed = rows.toArray().map((one) => one.sealed)
    const keys = this.#keys()
    const opened = keys && sealed.length > 0 ? await openSecret(keys, ['task', id], sealed.join('')) : null
    return opened?.ok ? (JSON.parse(opened.value) as Json) : null
  }

  count(): number {
    return this.#sql.exec<{ n: number }>('SELECT count(*) AS n FROM tasks').toArray()[0]?.n ?? 0
  }

  oldest(): number | null {
    return this.#sql.exec<{ at: number | null }>('SELECT min(created_at) AS at FROM tasks').toArray()[0]?.at ?? null
  }

  createdBefore(at: number): string[] {
    const rows = this.#sql.exec<{ id: string }>('SELECT id FROM tasks WHERE created_at <= ?', at).toArray()
    return rows.map(({ id }) => id)
  }

  remove(id: string): void {
    this.#sql.exec('DELETE FROM task_parts WHERE task = ?', id)
    this.#sql.exec('DELETE FROM tasks WHERE id = ?', id)
  }

  clear(): void {
    this.#sql.exec('DELETE FROM task_parts')
    this.#sql.exec('DELETE FROM tasks')
  }

  async #seal(id: string, content: Json): Promise<string> {
    const keys = this.#keys()
    if (!keys) throw new Error('nothing to seal a task with')
    return sealSecret(keys, ['task', id], JSON.stringify(content))
  }

  #putParts(id: string, sealed: string): void {
    this.#sql.exec('DELETE FROM task_parts WHERE task = ?', id)
    for (let part = 0; part * partChars < sealed.length; part++) {
      const piece = sealed.slice(part * partChars, (part + 1) * partChars)
      this.#sql.exec('INSERT INTO task_parts VALUES (?, ?, ?)', id, part, piece)
    }
  }

  #inOrder(write: () => Promise<void>): Promise<void> {
    const written = this.#last.then(write)
    this.#last = written.catch(() => {})
    return written
  }
}

/** A new session under the same name goes on with nothing of the last one's. What had ended stays for who asks. */
export function dropUnfinishedTasks(sql: SqlStorage): void {
  sql.exec(`DELETE FROM task_parts WHERE task IN (SELECT id FROM tasks WHERE state <> 'ended')`)
  sql.exec(`UPDATE tasks SET state = 'ended' WHERE state <> 'ended'`)
}
