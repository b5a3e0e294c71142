import type { LiveSessions, Pending } from './live-sessions.ts'

/** What the Hub may tell a session. The Session object implements it. */
export type LiveSession = {
  snapshotChanged(version: number): Promise<void>
  principalsChanged(): Promise<void>
  end(reason: string): Promise<void>
}

/** A session that does not answer in this time is tried again. */
const answerMs = 2_000
/** Calls on their way at once: an object may have many sessions, and a request only so many calls in flight. */
const atOnce = 100

/**
 * Tells every session what it has not confirmed yet: the live version, that the directory says something else, or that it is over.
 * Returns how many are left: they did not answer, or something newer came meanwhile. Doing it again is safe.
 */
export async function fanOut(
  live: LiveSessions,
  liveVersion: () => number,
  sessionOf: (name: string) => LiveSession,
): Promise<number> {
  const version = liveVersion()
  const pending = live.pending(version)
  for (let i = 0; i < pending.length; i += atOnce) {
    await Promise.all(pending.slice(i, i + atOnce).map((one) => tell(live, one, version, sessionOf)))
  }
  return live.pending(liveVersion()).length
}

async function tell(
  live: LiveSessions,
  pending: Pending,
  version: number,
  sessionOf: (name: string) => LiveSession,
): Promise<void> {
  const { session, ending, stale } = pending
  const told = await answered(tellAll(sessionOf(session), pending, version))
  if (!told) return
  if (ending === null) live.confirm(session, version, stale)
  else live.remove(session)
}

async function tellAll(session: LiveSession, { ending, version, stale, read }: Pending, live: number): Promise<void> {
  if (ending !== null) return session.end(ending)
  if (version !== live) await session.snapshotChanged(live)
  if (stale > read) await session.principalsChanged()
}

async function answered(call: Promise<void>): Promise<boolean> {
  const late = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => late.resolve(false), answerMs)
  try {
    return await Promise.race([call.then(() => true), late.promise])
  } catch {
    return false
  } finally {
    clearTimeout(timer)
  }
}
