import type { Caller } from '../core/caller.ts'
import { logFault } from '../core/log.ts'
import type { LogEntry } from '../core/log-entry.ts'
import { reaches } from '../core/log-entry.ts'
import type { ConversationApi, HearsLog } from '../session/session.ts'

/** What one legacy client's stream hears of the log outside of calls: its session says, and is asked again when that may differ. */
export class HearingLog {
  readonly conversation: string
  readonly #session: ConversationApi
  readonly #caller: Caller
  #hears: HearsLog | null = null
  #wants = false
  /** An older answer that comes late does not count. */
  #asked = 0

  constructor(session: ConversationApi, caller: Caller, conversation: string) {
    this.#session = session
    this.#caller = caller
    this.conversation = conversation
  }

  /** The stream is open. It is told by the Hub when there is a level. */
  async begin(): Promise<void> {
    await this.#session.beginHearing(this.conversation, this.#caller).catch(notHeard)
  }

  /** Nothing is heard until the session has answered: what a rule took away is not heard any more. */
  async renew(): Promise<void> {
    const asked = ++this.#asked
    this.#hears = null
    const hears = await this.#session.hearsLog(this.conversation, this.#caller).catch(notHeard)
    if (asked !== this.#asked) return
    this.#hears = hears ?? null
    if (hears !== undefined) this.#wants = hears !== null
  }

  /** Other servers may be shown now. Whoever set no level need not know. */
  listsChanged(): void {
    if (this.#wants) void this.renew()
  }

  hears({ upstream, entry }: { upstream: string; entry: LogEntry }): boolean {
    return this.#hears !== null && this.#hears.upstreams.includes(upstream) && reaches(entry, this.#hears.level)
  }
}

function notHeard(fault: unknown): undefined {
  logFault('http.log_not_heard', fault)
}
