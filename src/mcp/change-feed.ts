import type { ServerEvent, ServerEventBus } from '@modelcontextprotocol/server'
import type { Caller } from '../core/caller.ts'
import type { LogEntry } from '../core/log-entry.ts'
import type { Result } from '../core/result.ts'
import { logFault } from '../core/log.ts'

/** What may change under a client that is connected. */
export type Change = 'tools' | 'prompts' | 'resources'

/**
 * Tells one caller what changes at their gateway, from whichever isolate the change comes.
 *
 * A listener belongs to the request that subscribed: a Worker may not touch a stream of another request, so there is no
 * bus that all requests share. Errors: `mcp/too_many_streams`.
 */
export type ChangeFeed = {
  /** `conversation`: of a legacy client, whose log level counts for what is logged outside of calls. */
  subscribe: (
    caller: Caller,
    listener: ChangeListener,
    watch?: Watch,
    conversation?: string,
  ) => Promise<Result<() => void>>
}

/** Single resources that a stream wants to hear of. Null: what the legacy conversation `watcher` subscribed to. */
export type Watch = { watcher: string; resources: string[] | null }

export type ChangeListener = {
  changed: (change: Change) => void
  /** What a link was for, which this conversation was given, is done. */
  elicited?: (done: { watcher: string; id: string }) => void
  updated: (uri: string) => void
  /** This task of the caller's session, by the session's own id, is not what it was. */
  task?: (id: string) => void
  /** A server behind the gateway logged it outside of any call. Not for 2026-07-28, where a log belongs to a request. */
  logged?: (entry: LogEntry) => void
  /** Nothing more will come: the session ended or the feed was lost. The client's stream ends too, so that it comes again. */
  ended: () => void
}

const events = {
  tools: { kind: 'tools_list_changed' },
  prompts: { kind: 'prompts_list_changed' },
  resources: { kind: 'resources_list_changed' },
} as const satisfies Record<Change, ServerEvent>

/** One subscription as the SDK's bus, for one `subscriptions/listen`. */
export class ListenBus implements ServerEventBus {
  readonly #listeners = new Set<(event: ServerEvent) => void>()
  /** What came between the subscription and the stream that tells it. */
  readonly #early: ServerEvent[] = []
  #close: () => void = () => {}

  readonly changed = (change: Change): void => this.publish(events[change])

  readonly updated = (uri: string): void => this.publish({ kind: 'resource_updated', uri })

  /** `close` lets go of the feed. It runs when the last listener has gone. */
  whenIdle(close: () => void): void {
    this.#close = close
  }

  /** After the answer was made: one that is no stream has never listened. */
  settle(): void {
    if (this.#listeners.size > 0) return
    try {
      this.#close()
    } catch (fault) {
      logFault('mcp.unsubscribe_failed', fault)
    }
    this.#close = () => {}
  }

  publish(event: ServerEvent): void {
    if (this.#listeners.size === 0) this.#early.push(event)
    for (const listener of this.#listeners) listener(event)
  }

  subscribe(listener: (event: ServerEvent) => void): () => void {
    this.#listeners.add(listener)
    for (const event of this.#early.splice(0)) listener(event)
    return () => {
      if (this.#listeners.delete(listener)) this.settle()
    }
  }
}
