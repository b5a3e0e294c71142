import type { JsonObject } from '../core/json.ts'
import type { LogEntry, LogLevel } from '../core/log-entry.ts'
import { lower, reaches } from '../core/log-entry.ts'
import type { Subscribed, UpstreamNotice } from './api.ts'

export type Listener = { subscribed: Subscribed; onNotice: (notice: UpstreamNotice) => void }

/**
 * Who wants to hear what of one connection. A server is told once of a resource that several want, and of the end when nobody
 * wants it any more.
 */
export class Listeners {
  readonly upstream: string
  readonly #all = new Set<Listener>()
  readonly #wanted = new Map<string, number>()

  constructor(upstream: string) {
    this.upstream = upstream
  }

  get some(): boolean {
    return this.#all.size > 0
  }

  /** Adds a listener. Returns the resources that nobody wanted before. */
  add(listener: Listener): string[] {
    this.#all.add(listener)
    return (listener.subscribed.resources ?? []).filter((uri) => {
      const known = this.#wanted.get(uri) ?? 0
      this.#wanted.set(uri, known + 1)
      return known === 0
    })
  }

  /** Takes it away. Returns the resources that nobody wants any more. */
  remove(listener: Listener): string[] {
    if (!this.#all.delete(listener)) return []
    return (listener.subscribed.resources ?? []).filter((uri) => {
      const left = (this.#wanted.get(uri) ?? 1) - 1
      if (left > 0) this.#wanted.set(uri, left)
      else this.#wanted.delete(uri)
      return left <= 0
    })
  }

  /** The lowest level that is wanted. Null: nobody wants the log. */
  get logLevel(): LogLevel | null {
    return [...this.#all].reduce<LogLevel | null>((level, { subscribed }) => lower(level, subscribed.log ?? null), null)
  }

  /** Said outside of any call. */
  logged(entry: LogEntry): void {
    const notice = { kind: 'logged', upstream: this.upstream, entry } as const
    this.#each(notice, ({ log }) => log !== undefined && reaches(entry, log))
  }

  /** What the server says. Of what nobody asked for, nothing is told on. */
  tell({ method, params }: JsonObject): void {
    const changed = /^notifications\/(tools|prompts|resources)\/list_changed$/.exec(
      typeof method === 'string' ? method : '',
    )?.[1]
    if (changed) {
      const notice = { kind: 'changed', upstream: this.upstream, what: changed as 'tools' } as const
      this.#each(notice, ({ lists }) => lists === true)
    }
    const uri = method === 'notifications/resources/updated' ? (params as JsonObject | undefined)?.['uri'] : undefined
    if (typeof uri !== 'string') return
    const notice = { kind: 'resource_updated', upstream: this.upstream, uri } as const
    this.#each(notice, ({ resources }) => resources?.includes(uri) === true)
  }

  /** Nothing more will be heard on this connection. */
  end(): void {
    const all = [...this.#all]
    this.#all.clear()
    this.#wanted.clear()
    for (const { onNotice } of all) onNotice({ kind: 'ended', upstream: this.upstream })
  }

  #each(notice: UpstreamNotice, wants: (subscribed: Subscribed) => boolean): void {
    for (const { subscribed, onNotice } of this.#all) if (wants(subscribed)) onNotice(notice)
  }
}
