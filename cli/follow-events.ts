import { setTimeout as sleep } from 'node:timers/promises'
import type { AdminApi } from './admin-api.ts'
import { Unreachable } from './admin-api.ts'
import type { Context } from './command.ts'
import { Fault } from './command.ts'
import type { Event } from './event-text.ts'

type Use = { api: Pick<AdminApi, 'lines'>; note: Context['note']; pause: (failures: number) => Promise<unknown> }

const longestPauseMs = 30_000

/** A second, doubling: a deployment that is being replaced is not knocked at all the time. */
export const pause = (failures: number): Promise<unknown> => sleep(Math.min(1000 * 2 ** failures, longestPauseMs))

/**
 * Events as they come, each once, until somebody ends it. The deployment ends a long connection now and then, and a network may
 * fail: it goes on where it stopped. Throws what waiting does not mend, such as a token that is not accepted any more.
 */
export async function* follow(
  { api, note, pause: wait }: Use,
  query: Record<string, string | undefined>,
  after: number,
): AsyncGenerator<Event> {
  let seen = after
  for (let failures = 0; ; await wait(failures)) {
    try {
      for await (const line of api.lines('/events/tail', { ...query, after: seen })) {
        failures = 0
        if (line.startsWith('data: ')) {
          const event = JSON.parse(line.slice('data: '.length)) as Event
          if (event.sequence > seen) yield event
          seen = Math.max(seen, event.sequence)
        } else if (line.startsWith('id: ')) {
          // Of an event this stands before its data: up to the one before it everything was shown.
          seen = Math.max(seen, Number(line.slice('id: '.length)) - 1)
        }
      }
    } catch (cause) {
      if (cause instanceof Fault && !(cause instanceof Unreachable)) throw cause
      note(`The connection was lost (${cause instanceof Error ? cause.message : String(cause)}); trying again.`)
      failures++
    }
  }
}
