import type { GatewayId, ProjectId } from '../core/ids.ts'
import { openDb } from '../db/db.ts'
import { loadSnapshot } from './load-snapshot.ts'
import { readHead } from './store.ts'

type Row = {
  version: number | null
  enabled: number
  refused_version: number | null
  refused_fault: string | null
}

/** What a look at D1 brought: another version, or the gateway is off (`closed`) or on again (`opened`). */
export type HeadChange = 'version' | 'closed' | 'opened'

export type LiveHeadUse = {
  sql: SqlStorage
  env: Env
  of: { project: ProjectId; gateway: GatewayId }
  onChange: (change: HeadChange) => void
}

/**
 * The version that is live here. D1 says which one should be; a version that does not compile (somebody wrote it by hand) is
 * not taken up, and the one before stays in force.
 */
export class LiveHead {
  version: number | null
  enabled: boolean
  refused: { version: number; fault: string } | null
  readonly #use: LiveHeadUse
  #looking: Promise<void> | null = null
  #next: Promise<void> | null = null

  constructor(use: LiveHeadUse) {
    this.#use = use
    const [row] = use.sql.exec<Row>('SELECT version, enabled, refused_version, refused_fault FROM hub')
    this.version = row?.version ?? null
    this.enabled = row?.enabled === 1
    const refused = row?.refused_version ?? null
    this.refused = refused === null ? null : { version: refused, fault: row?.refused_fault ?? '' }
  }

  /**
   * A read that begins after this call. One at a time, so that an old answer never overtakes a new one; whoever asks while one
   * is on its way shares the next.
   */
  look(): Promise<void> {
    if (!this.#looking) return (this.#looking = this.#read().finally(() => (this.#looking = null)))
    return (this.#next ??= this.#looking
      .catch(() => undefined)
      .then(() => {
        this.#next = null
        return this.look()
      }))
  }

  async #read(): Promise<void> {
    const { env, of, onChange } = this.#use
    const { project, gateway } = of
    const head = await readHead(openDb(env.DB), project, gateway)
    const before = { version: this.version, enabled: this.enabled }
    let open = false
    if (head) {
      if (head.version !== this.version) await this.#take(head.version)
      open = head.enabled && this.version !== null && (await this.#documentEnabled(this.version))
    }
    this.enabled = open
    this.#keep()
    if (before.enabled && !open) onChange('closed')
    else if (this.version !== before.version) onChange('version')
    else if (!before.enabled && open) onChange('opened')
  }

  async #take(version: number): Promise<void> {
    const { env, of } = this.#use
    const snapshot = await loadSnapshot(env, of.project, of.gateway, version, { strict: true })
    if (snapshot.ok) {
      this.version = version
      this.refused = null
    } else {
      this.refused = { version, fault: snapshot.error.message ?? snapshot.error.code }
    }
  }

  async #documentEnabled(version: number): Promise<boolean> {
    const { env, of } = this.#use
    const snapshot = await loadSnapshot(env, of.project, of.gateway, version)
    return snapshot.ok && snapshot.value.enabled
  }

  #keep(): void {
    this.#use.sql.exec(
      'INSERT OR REPLACE INTO hub VALUES (1, ?, ?, ?, ?)',
      this.version,
      this.enabled ? 1 : 0,
      this.refused?.version ?? null,
      this.refused?.fault ?? null,
    )
  }
}
