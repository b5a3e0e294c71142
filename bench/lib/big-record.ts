import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Tiles } from '../../src/audit/tree.ts'
import { appendLeaves } from '../../src/audit/tree.ts'
import { root } from '../../scripts/lib/root.ts'

export type BigRecord = { db: DatabaseSync; tiles: Tiles; events: number; bytes(): number; close(): void }

/**
 * A record of many events as D1 and the Ledger hold it: our migrations, our tree, in SQLite on disk, which both are. 1,000
 * people, 200 tools, 50 gateways, one event in fifty from something else than a call, one in a hundred refused.
 */
export function makeRecord(events: number, tell: (text: string) => void): BigRecord {
  const folder = mkdtempSync(join(tmpdir(), 'behalf-record-'))
  const db = new DatabaseSync(join(folder, 'record.sqlite'))
  db.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; CREATE TABLE tiles (position INTEGER PRIMARY KEY, hashes BLOB)',
  )
  const migrations = readdirSync(join(root, 'migrations')).filter((name) => name.endsWith('.sql'))
  for (const file of migrations.toSorted()) db.exec(readFileSync(join(root, 'migrations', file), 'utf8'))
  const read = db.prepare('SELECT hashes FROM tiles WHERE position = ?')
  const write = db.prepare('INSERT OR REPLACE INTO tiles VALUES (?, ?)')
  const position = (level: number, index: number): number => level * 2 ** 40 + index
  const tiles: Tiles = {
    read: (level, index) => read.get(position(level, index))?.['hashes'] as Uint8Array | undefined,
    write: (level, index, hashes) => void write.run(position(level, index), hashes),
  }
  const insert = db.prepare(insertSql)
  const batch = 10_000
  for (let from = 0; from < events; from += batch) {
    const upTo = Math.min(from + batch, events)
    db.exec('BEGIN')
    insert.run(from, upTo)
    appendLeaves(
      tiles,
      from,
      Array.from({ length: upTo - from }, () => randomBytes(32)),
    )
    db.exec('COMMIT')
    if (upTo % 100_000 === 0) tell(`  ${upTo} events`)
  }
  const size = db.prepare('SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()')
  return {
    db,
    tiles,
    events,
    bytes: () => Number(size.get()?.['bytes']),
    close() {
      db.close()
      rmSync(folder, { recursive: true })
    },
  }
}

export const firstAt = 1_790_000_000_000
const payload = randomBytes(450).toString('base64')
const filler = 'x'.repeat(700)

/** Made by SQLite itself, so that a million take a minute and no memory. Numbers spread by multiplication. */
const insertSql = `
  WITH RECURSIVE n(i) AS (VALUES (CAST(?1 AS INTEGER)) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2)
  INSERT INTO events (project, ledger, sequence, id, type, at, call, gateway, user, agent, session, tool, decision, outcome, leaf, payload)
  SELECT 'default', '0/default', i, printf('0190a000-0000-7000-8000-%012d', i),
    CASE WHEN i % 50 = 0 THEN 'identity.signed_in' WHEN i % 100 = 1 THEN 'tool.refused' WHEN i % 2 = 0 THEN 'tool.intent' ELSE 'tool.outcome' END,
    ${firstAt} + i * 7, 'call-' || (i / 2), 'gateway-' || (i * 7919 % 50), 'user-' || (i * 104729 % 1000), 'agent-' || (i * 31 % 20),
    'session-' || (i * 104729 % 5000), 'Toolkit_Tool' || (i * 15485863 % 200),
    CASE WHEN i % 100 = 1 THEN 'deny' ELSE 'permit' END, CASE WHEN i % 100 = 1 THEN 'refused' WHEN i % 211 = 0 THEN 'failed' ELSE 'done' END,
    '{"event":{"id":"' || i || '","attributes":{"note":"${filler}' || (CASE WHEN i = 1000 THEN 'Needle' ELSE '' END) || '"}},"recordedAt":0,"v":1}',
    '${payload}'
  FROM n`
