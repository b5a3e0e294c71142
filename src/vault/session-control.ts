import { logFault } from '../core/log.ts'

/** What the Vault asks of a Session object: the part of `SessionControl` that is for it. `vault` may not import `session`. */
export type SessionControl = {
  /** Forget leases of these connections; `null`: all. */
  recallLeases(connections: string[] | null): Promise<void>
  /** What a link was for is done. */
  elicited(elicitation: string): Promise<void>
}

export function sessionOf(env: Pick<Env, 'SESSION'>, session: string): SessionControl {
  return env.SESSION.get(env.SESSION.idFromName(session)) as unknown as SessionControl
}

/** Best effort: a client that is not told finds out when it calls again. */
export async function tellElicited(env: Pick<Env, 'SESSION'>, session: string, elicitation: string): Promise<void> {
  try {
    await sessionOf(env, session).elicited(elicitation)
  } catch (fault) {
    logFault('vault.elicited', fault)
  }
}
