import { join } from 'node:path'
import { command } from './command.ts'
import { root } from './root.ts'
import { Stop } from './stop.ts'

/** Where wrangler and miniflare keep local D1, KV, R2 and Durable Objects. */
export const localState = join(root, '.wrangler/state')

/** Applies the migrations that the local database does not have yet. Safe to repeat. Throws Stop with wrangler's output. */
export async function migrateLocalD1(persistTo: string = localState): Promise<void> {
  const done = await command('wrangler', 'd1', 'migrations', 'apply', 'DB', '--local', `--persist-to=${persistTo}`)
  if (!done.ok) throw new Stop(`The local database could not be migrated.\n${done.output.trim()}`)
}
