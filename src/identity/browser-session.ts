import { z } from 'zod'
import type { Config } from '../config/config.ts'
import type { User } from '../core/caller.ts'
import type { ProjectId, UserId } from '../core/ids.ts'
import { randomToken } from '../core/ids.ts'
import type { Result } from '../core/result.ts'
import { ok } from '../core/result.ts'
import { openState, sealState } from '../core/state.ts'
import { userOf } from '../db/principals.ts'
import { readCookie, setCookie } from './cookies.ts'
import { unauthenticated } from './credential.ts'
import type { IdentityDeps } from './deps.ts'
import { readUser } from './directory.ts'

/** A person who signed in with this browser. OAuth, the connect pages and the user's own pages share it. */
export type BrowserSession = {
  project: ProjectId
  user: User
  /** Id of the identity provider. */
  provider: string
  signedInAt: number
  /** Binds CSRF tokens and forms to this sign-in. */
  sessionId: string
}

export const browserSessionMs = 12 * 3_600_000
const cookie = 'session'
const purpose = 'browser session'

const shape = z.object({
  project: z.string(),
  user: z.string(),
  provider: z.string(),
  signedInAt: z.number(),
  sessionId: z.string(),
})

/**
 * Sealed in the cookie: nothing is stored, so nothing can be listed or stolen on our side. The directory is asked each time,
 * so a person who left or signed out elsewhere has no session.
 */
export async function browserSession(
  request: Request,
  { config, db, now }: Pick<IdentityDeps, 'config' | 'db' | 'now'>,
): Promise<Result<BrowserSession>> {
  const sealed = readCookie(config, request, cookie)
  const state = sealed && (await openState(config.stateKey, purpose, sealed, now()))
  const read = shape.safeParse(state)
  if (!read.success) return unauthenticated('missing')
  const { signedInAt, provider, sessionId } = read.data
  const project = read.data.project as ProjectId
  const found = await readUser(db, project, read.data.user as UserId)
  if (!found?.active || (found.signedOutAt ?? 0) >= signedInAt) return unauthenticated('user_gone')
  const user = userOf(found)
  return ok({ project, user, provider, signedInAt, sessionId })
}

/** The cookie of a new sign-in. A fresh `sessionId` each time, so that none can be planted before it (session fixation). */
export async function sessionCookie(
  config: Config,
  session: { project: ProjectId; user: UserId; provider: string; signedInAt: number },
): Promise<string> {
  const state = { ...session, sessionId: randomToken() }
  const sealed = await sealState(config.stateKey, purpose, state, session.signedInAt + browserSessionMs)
  return setCookie(config, cookie, sealed, browserSessionMs)
}

export const endedSessionCookie = (config: Config): string => setCookie(config, cookie, '', 0)
