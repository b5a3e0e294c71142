import type { LogEntry } from '../core/log-entry.ts'
import { screenNotice } from '../screening/screening.ts'

/** One word of a server reaches us by the watch and by each session's own connection, about at once. */
const sameWithinMs = 10_000
const mostRemembered = 100

type Heard = { at: number; byWatch: boolean; sessions: Set<string> }

/** To whom an entry goes: to all but these sessions, or to this one. Null: it has been told already. */
export type Told = { to: string | null; except: ReadonlySet<string>; entry: LogEntry } | null

/** What servers behind a gateway log outside of calls, made fit to be told. */
export class LogFanOut {
  readonly #heard = new Map<string, Heard>()

  /** `session` null: by the watch, for everybody. */
  take(upstream: string, { level, logger, data }: LogEntry, session: string | null, now: number): Told {
    const key = JSON.stringify([upstream, level, logger, data])
    const heard = this.#remember(key, now)
    if (session === null) heard.byWatch = true
    else if (heard.byWatch) return null
    else heard.sessions.add(session)
    const named = logger === undefined ? upstream : `${upstream}: ${logger}`
    const entry = { level, logger: screenNotice(named), data: screenNotice(data) }
    return { to: session, except: session === null ? heard.sessions : new Set(), entry }
  }

  #remember(key: string, now: number): Heard {
    for (const [old, { at }] of this.#heard) {
      if (at + sameWithinMs > now && this.#heard.size < mostRemembered) break
      this.#heard.delete(old)
    }
    const heard = this.#heard.get(key) ?? { at: now, byWatch: false, sessions: new Set() }
    this.#heard.set(key, heard)
    return heard
  }
}
