import { and, eq } from 'drizzle-orm'
import type { AuditEvent } from '../audit/audit.ts'
import { Remembered } from '../core/remembered.ts'
import type { Db } from '../db/db.ts'
import { gateways } from '../db/schema.ts'

/** A gateway's name never changes, and its id never passes to another one. */
const names = new Remembered<string>(1_000)

/** Events name a gateway as people do. Grants know its id only, so the name is looked up: at sign-in, never in a call. */
export async function nameGateways(db: Db, events: readonly AuditEvent[]): Promise<AuditEvent[]> {
  return Promise.all(
    events.map(async (event) => {
      if (event.gatewayId === undefined || event.gateway !== undefined) return event
      const name = await nameOf(db, event.project, event.gatewayId)
      return name === undefined ? event : { ...event, gateway: name }
    }),
  )
}

async function nameOf(db: Db, project: string, id: string): Promise<string | undefined> {
  const key = JSON.stringify([project, id])
  const known = names.get(key)
  if (known !== undefined) return known
  const where = and(eq(gateways.project, project), eq(gateways.id, id))
  const [row] = await db.select({ slug: gateways.slug }).from(gateways).where(where).limit(1)
  if (row) names.set(key, row.slug)
  return row?.slug
}
