import { env } from 'cloudflare:workers'
import { getTableName, is } from 'drizzle-orm'
import { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { expect, it } from 'vitest'
import * as schema from '../../src/db/schema.ts'

it('has every table of the schema after the migrations', async () => {
  const { results } = await env.DB.prepare(`SELECT name FROM sqlite_master WHERE type = 'table'`).all<{
    name: string
  }>()
  const names = results.map((row) => row.name)
  const tables = Object.values(schema).flatMap((one) => (is(one, SQLiteTable) ? [getTableName(one)] : []))
  expect(tables.length).toBeGreaterThan(0)
  expect(names).toEqual(expect.arrayContaining(tables))
})

it('sees the test keys, whatever a local .dev.vars says', () => {
  expect(env.BEHALF_PUBLIC_URL).toBe('https://behalf.test')
})
