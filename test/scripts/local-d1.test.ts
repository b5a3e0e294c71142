import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { migrateLocalD1 } from '../../scripts/lib/local-d1.ts'
import { root } from '../../scripts/lib/root.ts'

it('brings an empty local database to the last migration, and may be repeated', { timeout: 60_000 }, async () => {
  const state = mkdtempSync(join(tmpdir(), 'behalf-d1-'))
  try {
    await migrateLocalD1(state)
    await migrateLocalD1(state)
    const folder = join(state, 'v3/d1/miniflare-D1DatabaseObject')
    const file = readdirSync(folder).find((name) => /^[0-9a-f]{64}\.sqlite$/.test(name))
    using database = new DatabaseSync(join(folder, file ?? 'none'), { readOnly: true })
    const applied = database
      .prepare('SELECT name FROM d1_migrations ORDER BY id')
      .all()
      .map((row) => row['name'])
    const written = readdirSync(join(root, 'migrations')).filter((name) => name.endsWith('.sql'))
    expect(applied).toEqual(written.toSorted())
  } finally {
    rmSync(state, { recursive: true, force: true })
  }
})
