import type { Change, Match, Member } from './hub-api.ts'

/** Streams one person may hold open at one gateway (attack case 66). */
export const maxStreamsPerUser = 32

/** Closed because the session was ended, not because somebody hung up. */
export const endedCode = 4001

export type Listener = Member & { session: string }

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
    return new Response(null, { status: 101, webSocket: client })
  }

  tell(change: Change, match: Match = { all: true }): void {
    for (const socket of this.#ctx.getWebSockets(tagOf(match))) send(socket, change)
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
  return [`user:${user}`, `agent:${agent}`, `session:${session}`]
}

function tagOf(match: Match): string | undefined {
  if ('user' in match) return `user:${match.user}`
  if ('agent' in match) return `agent:${match.agent}`
  if ('session' in match) return `session:${match.session}`
  return undefined
}

function send(socket: WebSocket, change: Change): void {
  try {
    socket.send(JSON.stringify(change))
  } catch {
    // It hung up a moment ago. The next list it asks for tells it everything.
  }
}
