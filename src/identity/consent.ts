import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import type { AgentId, GatewayId, ProjectId, UserId } from '../core/ids.ts'
import type { Db } from '../db/db.ts'
import { consents } from '../db/schema.ts'
import type { RedirectTarget } from './redirect.ts'

export type ConsentKey = { project: ProjectId; user: UserId; agent: AgentId; gateway: GatewayId; redirectHost: string }

export type Remembered = { scopes: readonly string[] } | null

/**
 * Whether the page has to be shown. Always for a client this person never allowed here (a client that registers itself could be
 * anybody, attack case 31). Always when the code goes to a program on the computer: any program can listen on a local port
 * under another's client id, so only the person knows whether they started it (RFC 8252 §8.6). `trusted`: an administrator
 * named the client, which covers what returns to its own host and not what returns to some program.
 */
export function needsConsent(
  remembered: Remembered,
  scopes: readonly string[],
  target: RedirectTarget,
  prompt: readonly string[],
  trusted: boolean,
): boolean {
  if (target.kind !== 'web') return true
  if (trusted) return false
  if (remembered === null || prompt.includes('consent')) return true
  return !scopes.every((scope) => remembered.scopes.includes(scope))
}

export async function readConsent(db: Db, key: ConsentKey): Promise<Remembered> {
  const rows = await db.select({ scopes: consents.scopes }).from(consents).where(matches(key))
  return rows[0] ? { scopes: z.array(z.string()).parse(rows[0].scopes) } : null
}

/** A query, for `db.batch`. */
export function saveConsent(db: Db, key: ConsentKey, scopes: readonly string[], now: number) {
  return db
    .insert(consents)
    .values({ ...key, scopes, createdAt: now })
    .onConflictDoUpdate({
      target: [consents.project, consents.user, consents.agent, consents.gateway, consents.redirectHost],
      set: { scopes, createdAt: now },
    })
}

/** Forgets what the person allowed this agent here, wherever it returns. A query, for `db.batch`. */
export function forgetConsent(db: Db, key: Omit<ConsentKey, 'redirectHost'>) {
  return db
    .delete(consents)
    .where(
      and(
        eq(consents.project, key.project),
        eq(consents.user, key.user),
        eq(consents.agent, key.agent),
        eq(consents.gateway, key.gateway),
      ),
    )
}

const matches = (key: ConsentKey) =>
  and(
    eq(consents.project, key.project),
    eq(consents.user, key.user),
    eq(consents.agent, key.agent),
    eq(consents.gateway, key.gateway),
    eq(consents.redirectHost, key.redirectHost),
  )
