import type { LogLevel } from '../core/log-entry.ts'
import { lower, reaches } from '../core/log-entry.ts'
import type { Change, Match, Member } from './hub-api.ts'
import type { Told } from './log-fan-out.ts'

/** Streams one person may hold open at one gateway (attack case 66). */
export const maxStreamsPerUser = 32

/** Closed because the session was ended, not because somebody hung up. */
export const endedCode = 4001

/** `watcher`: a legacy client's conversation. */
export type Listener = Member & { session: string; watcher?: string }

/** `log`: from which level on it hears what is logged outside of calls. */
type Hears = Pick<Listener, 'watcher'> & { log?: LogLevel }

/** Open streams, as hibernating WebSockets: a quiet gateway costs nothing while its clients listen. */
export class Subscribers {
  readonly #ctx: DurableObjectState

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx
  }

  accept(listener: Listener): Response {
    if (this.#ctx.getWebSockets(`user:${listener.user}`).length >= maxStreamsPerUser) {
      return new Response(null, { status: 429 })
    }
    const { 0: client, 1: server } = new WebSocketPair()
    this.#ctx.acceptWebSocket(server, tagsOf(listener))
    const { watcher } = listener
    if (watcher !== undefined) server.serializeAttachment({ watcher } satisfies Hears)
    return new Response(null, { status: 101, webSocket: client })
  }

  tell(change: Change, match: Match = { all: true }): void {
    for (const socket of this.#ctx.getWebSockets(tagOf(match))) send(socket, change)
  }

  /** The lowest level of the log that any stream wants. */
  get log(): LogLevel | null {
    return this.#ctx.getWebSockets().reduce<LogLevel | null>((log, one) => lower(log, hearsOf(one).log ?? null), null)
  }

  hearLog(session: string, watcher: string, log: LogLevel): void {
    for (const socket of this.#ctx.getWebSockets(tagOf({ session }))) {
      if (hearsOf(socket).watcher !== watcher) continue
      socket.serializeAttachment({ watcher, log } satisfies Hears)
      send(socket, { kind: 'log_level', watcher })
    }
  }

  tellLog(upstream: string, { to, except, entry }: NonNullable<Told>): void {
    for (const socket of this.#ctx.getWebSockets(to === null ? undefined : tagOf({ session: to }))) {
      const { log } = hearsOf(socket)
      const told = this.#ctx
        .getTags(socket)
        .some((tag) => tag.startsWith(sessionTag) && except.has(tag.slice(sessionTag.length)))
      if (log && !told && reaches(entry, log)) send(socket, { kind: 'logged', upstream, entry })
    }
  }

  /** Sessions that somebody listens for. */
  sessions(match: Match): Set<string> {
    const tags = this.#ctx.getWebSockets(tagOf(match)).flatMap((socket) => this.#ctx.getTags(socket))
    return new Set(tags.filter((tag) => tag.startsWith('session:')).map((tag) => tag.slice('session:'.length)))
  }

  end(match: Match, reason: string): void {
    for (const socket of this.#ctx.getWebSockets(tagOf(match))) {
      send(socket, { kind: 'ended', reason })
      socket.close(endedCode, 'ended')
    }
  }

  count(): number {
    return this.#ctx.getWebSockets().length
  }
}

/** A tag is at most 256 characters; ids of ours are far below that. */
function tagsOf({ user, agent, session }: Listener): string[] {
  return [`user:${user}`, `agent:${agent}`, `${sessionTag}${session}`]
}

function tagOf(match: Match): string | undefined {
  if ('user' in match) return `user:${match.user}`
  if ('agent' in match) return `agent:${match.agent}`
  if ('session' in match) return `${sessionTag}${match.session}`
  return undefined
}

const sessionTag = 'session:'

const hearsOf = (socket: WebSocket): Hears => (socket.deserializeAttachment() ?? {}) as Hears

function send(socket: WebSocket, change: Change): void {
  try {
    socket.send(JSON.stringify(change))
  } catch {
    // It hung up a moment ago. The next list it asks for tells it everything.
  }
}
