import { and, asc, eq } from 'drizzle-orm'
import { z } from 'zod'
import type { Result } from '../../core/result.ts'
import { ok, refuse } from '../../core/result.ts'
import type { KeyRing } from '../../core/seal.ts'
import { openSecret, sealSecret } from '../../core/seal.ts'
import type { Db } from '../../db/db.ts'
import { sinks } from '../../db/schema.ts'
import { headersOf, openHeaders, sealHeaders, showHeaders } from './header-secrets.ts'
import type { SinkConfig } from './runner.ts'
import type { SinkSettings } from './settings.ts'
import { sinkSettings } from './settings.ts'
import { SinkFault } from './sink.ts'

/** What an administrator gives. The secret is written, never read back. */
export const sinkInput = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  enabled: z.boolean().default(true),
  settings: sinkSettings,
  /** Absent: the one that is there stays. */
  secret: z.string().min(1).max(4_000).optional(),
})

export type SinkInput = z.input<typeof sinkInput>
/** A sink as it is shown. */
export type SinkView = { id: string; enabled: boolean; settings: SinkSettings; hasSecret: boolean; updatedAt: number }

const needsSecret = new Set(['splunk', 'datadog', 'elastic', 'sentinel', 'webhook'])

/** Errors: `core/bad_request` with the faults as evidence. */
export async function saveSink(
  db: Db,
  ring: KeyRing,
  project: string,
  input: unknown,
  now: number,
): Promise<Result<SinkView>> {
  const read = sinkInput.safeParse(input)
  if (!read.success) {
    const faults = read.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }))
    return refuse('core/bad_request', { evidence: { faults } })
  }
  const { id, enabled, settings: given, secret } = read.data
  const found = await findSink(db, project, id)
  const known = found && placeOf(found.settings) === placeOf(given) ? found : null
  const kept = known?.sealedSecret ?? null
  const place = { ring, project, sink: id }
  const { settings, missing } = await sealHeaders(place, given, known && headersOf(known.settings))
  if (missing.length > 0) {
    const faults = missing.map((name) => ({ path: `settings.headers.${name}`, message: 'its value is not known here' }))
    return refuse('core/bad_request', { evidence: { faults } })
  }
  const sealedSecret = secret === undefined ? kept : await sealSecret(ring, secretContext(project, id), secret)
  if (sealedSecret === null && needsSecret.has(settings.kind)) {
    return refuse('core/bad_request', {
      evidence: { faults: [{ path: 'secret', message: 'this kind of sink needs one' }] },
    })
  }
  const row = { kind: settings.kind, settings, sealedSecret, enabled, updatedAt: now }
  await db
    .insert(sinks)
    .values({ project, id, ...row })
    .onConflictDoUpdate({ target: [sinks.project, sinks.id], set: row })
  return ok({ id, enabled, settings: showHeaders(settings), hasSecret: sealedSecret !== null, updatedAt: now })
}

/** A secret is kept for the place it was given for: another URL would send it to somebody else. */
function placeOf(settings: SinkInput['settings']): string {
  const names = ['kind', 'url', 'site', 'tenant', 'authority']
  const given = new Map<string, unknown>(Object.entries(settings))
  return JSON.stringify(names.map((name) => given.get(name) ?? null))
}

/** True when there was one. */
export async function deleteSink(db: Db, project: string, id: string): Promise<boolean> {
  const deleted = await db
    .delete(sinks)
    .where(and(eq(sinks.project, project), eq(sinks.id, id)))
    .returning({ id: sinks.id })
  return deleted.length > 0
}

export async function listSinks(db: Db, project: string): Promise<SinkView[]> {
  const rows = await db.select().from(sinks).where(eq(sinks.project, project)).orderBy(asc(sinks.id))
  return rows.flatMap((row) => {
    const settings = sinkSettings.safeParse(row.settings)
    const { id, enabled, updatedAt, sealedSecret } = row
    return settings.success
      ? [{ id, enabled, settings: showHeaders(settings.data), hasSecret: sealedSecret !== null, updatedAt }]
      : []
  })
}

export async function loadSinks(db: Db, project: string): Promise<SinkConfig[]> {
  const rows = await db.select().from(sinks).where(eq(sinks.project, project))
  return rows.flatMap(({ id, enabled, settings, sealedSecret }) => {
    const read = sinkSettings.safeParse(settings)
    return read.success ? [{ id, enabled, settings: read.data, sealedSecret }] : []
  })
}

async function findSink(db: Db, project: string, id: string): Promise<SinkConfig | undefined> {
  return (await loadSinks(db, project)).find((sink) => sink.id === id)
}

/** What a request to the receiver needs. Throws a `SinkFault` when a secret does not open: the sink then waits. */
export async function openSink(
  ring: KeyRing,
  project: string,
  { id, sealedSecret, settings }: SinkConfig,
): Promise<{ secret: string; settings: SinkSettings }> {
  const secret = sealedSecret === null ? null : await openSecret(ring, secretContext(project, id), sealedSecret)
  const opened = await openHeaders({ ring, project, sink: id }, settings)
  if (secret?.ok === false || opened === null) throw new SinkFault('its secret does not open: set it again')
  return { secret: secret?.value ?? '', settings: opened }
}

const secretContext = (project: string, id: string): string[] => ['sink', project, id]
