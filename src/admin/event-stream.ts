import type { followEvents } from '../audit/audit.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { Visit } from './route.ts'

/**
 * Server-sent events (HTML §9.2). The place is said after each round, also when nothing passed the filter: who comes back goes
 * on there. A token that was revoked meanwhile is shown nothing more.
 */
export async function* serverSentEvents(
  rounds: ReturnType<typeof followEvents>,
  stillAllowed: Visit['stillAllowed'],
): AsyncGenerator<string> {
  for await (const { events, last } of rounds) {
    if (!(await stillAllowed())) return
    const texts = events.map((one) => `id: ${one.sequence}\nevent: ${one.type}\ndata: ${JSON.stringify(one)}\n\n`)
    yield `${texts.join('')}id: ${last}\n\n`
  }
}

/** Where to go on: a client that comes back sends the last id it saw, and the same URL as before. */
export function placeToFollow(lastEventId: string | null, after: number | undefined): Result<number | null> {
  if (lastEventId === null || lastEventId === '') return ok(after ?? null)
  if (!/^-1$|^\d{1,15}$/.test(lastEventId)) {
    return refuse('core/bad_request', { message: 'Last-Event-ID: is not the id of an event of this stream' })
  }
  return ok(Number(lastEventId))
}
