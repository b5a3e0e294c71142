import type { Caller } from '../core/caller.ts'
import { logFault } from '../core/log.ts'
import { ok, refuse } from '../core/result.ts'
import type { Change } from '../gateways/gateways.ts'
import { openChanges } from '../gateways/gateways.ts'
import type { ChangeFeed, ChangeListener, Watch } from '../mcp/mcp.ts'
import type { ConversationApi, WatchApi } from '../session/session.ts'
import { HearingLog } from './hearing-log.ts'

const tooManyStreams = refuse('mcp/too_many_streams', { retryAfterMs: 60_000 })
const lists = ['tools', 'prompts', 'resources'] as const

/** Sooner than the session takes a stream that says nothing for gone. */
const stillHereMs = 45_000

/** What changes at a gateway, from its Hub. A stream that watches resources tells its session that it is still there. */
export function changeFeed(env: Env, sessionName: (caller: Caller) => Promise<string>): ChangeFeed {
  return {
    async subscribe(caller, listener, watch, conversation) {
      const { project, gateway, user, agent } = caller
      const session = await sessionName(caller)
      const stub = env.SESSION.getByName(session) as unknown as WatchApi & ConversationApi
      const hearing = conversation === undefined ? null : new HearingLog(stub, caller, conversation)
      const opened = await openChanges(
        env,
        { project, gateway },
        { user: user.id, agent: agent.id, session, ...(hearing && { watcher: hearing.conversation }) },
      )
      if (!opened.ok) return opened.error.code === 'policy/limit_reached' ? tooManyStreams : opened
      const reader = opened.value.getReader()
      const watching = watch ? new Watching(stub, caller, watch) : null
      void follow(reader, listener, watching, hearing).finally(() => {
        watching?.stop()
        listener.ended()
      })
      if (watching) await watching.start()
      // Only now: a level that is set before the stream is open finds nobody, and one that is set later finds it.
      if (hearing) await hearing.begin()
      return ok(() => {
        watching?.stop()
        void reader.cancel()
      })
    },
  }
}

/** One stream's word to its session, from the moment there is something to watch until the stream ends. */
class Watching {
  readonly watcher: string
  readonly #session: WatchApi
  readonly #request: { caller: Caller } & Watch
  #timer: ReturnType<typeof setInterval> | null = null
  #stopped = false

  constructor(session: WatchApi, caller: Caller, watch: Watch) {
    this.watcher = watch.watcher
    this.#session = session
    this.#request = { caller, ...watch }
  }

  async start(): Promise<void> {
    const some = await this.#session.keepWatching(this.#request).catch(notKept)
    if (!some || this.#stopped || this.#timer) return
    this.#timer = setInterval(() => void this.#session.keepWatching(this.#request).catch(notKept), stillHereMs)
  }

  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    if (this.#timer === null) return
    clearInterval(this.#timer)
    // A legacy conversation may have another stream, which will say so.
    void this.#session.stopWatching(this.watcher).catch(notKept)
  }
}

function notKept(fault: unknown): false {
  logFault('http.watch_failed', fault)
  return false
}

/** A new version, or what happened in the session, may leave other tools, prompts and resources: which, a list says. */
async function follow(
  reader: ReadableStreamDefaultReader<Change>,
  listener: ChangeListener,
  watching: Watching | null,
  hearing: HearingLog | null,
): Promise<void> {
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      if (value.kind === 'published' || value.kind === 'list') lists.forEach(listener.changed)
      if (value.kind === 'changed') value.lists.forEach(listener.changed)
      if (value.kind === 'published' || value.kind === 'list' || value.kind === 'changed') hearing?.listsChanged()
      if (value.kind === 'log_level' && value.watcher === hearing?.conversation) void hearing.renew()
      if (value.kind === 'logged' && hearing?.hears(value)) listener.logged?.(value.entry)
      if (value.kind === 'elicited') listener.elicited?.(value)
      if (value.kind === 'task') listener.task?.(value.task)
      if (value.kind === 'watching' && value.watcher === watching?.watcher) void watching.start()
      const mine = value.kind === 'resource_updated' && watching && value.watchers.includes(watching.watcher)
      if (mine) listener.updated(value.uri)
    }
  } catch (fault) {
    logFault('http.changes_lost', fault)
  }
}
