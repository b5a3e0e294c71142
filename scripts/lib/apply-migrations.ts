import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { D1Database } from '@cloudflare/workers-types'
import { root } from './root.ts'

/** All migrations on an empty database, in one request: one for each statement takes a second. */
export async function applyMigrations(d1: Pick<D1Database, 'exec'>): Promise<void> {
  const folder = join(root, 'migrations')
  const files = (await readdir(folder)).filter((name) => name.endsWith('.sql')).toSorted()
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')))
  const statements = texts.flatMap((text) => text.split('--> statement-breakpoint'))
  // A line is a statement to it.
  await d1.exec(statements.map((one) => one.trim().replaceAll('\n', ' ')).join('\n'))
}
