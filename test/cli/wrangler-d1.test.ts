import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { literal, sqlText } from '../../cli/wrangler-d1.ts'
import { parseDocument } from '../../src/gateways/document.ts'
import { versionStatements } from '../../src/gateways/version-statements.ts'
import '../support/property.ts'

const migrations = join(import.meta.dirname, '../../migrations')

function database(): DatabaseSync {
  const db = new DatabaseSync(':memory:')
  for (const file of readdirSync(migrations)
    .filter((name) => name.endsWith('.sql'))
    .toSorted()) {
    db.exec(readFileSync(join(migrations, file), 'utf8'))
  }
  return db
}

const documentOf = (more: object = {}) => {
  const parsed = parseDocument({ kind: 'Gateway', name: 'eng', ...more })
  if (!parsed.ok) throw new Error(parsed.error.message)
  return parsed.value
}

const newVersion = (base: number | null, more: { gateway?: string; description?: string; project?: string } = {}) => ({
  project: more.project ?? 'default',
  gateway: more.gateway ?? 'g1',
  document: documentOf({ description: more.description ?? '' }),
  documentHash: `hash ${more.description}`,
  base,
  now: 1_800_000_000_000,
  by: "O'Brien",
  note: null,
})

function apply(db: DatabaseSync, version: ReturnType<typeof newVersion>): void {
  db.exec('BEGIN')
  for (const statement of versionStatements(version)) db.exec(sqlText(statement))
  db.exec('COMMIT')
}

const heads = (db: DatabaseSync) => db.prepare('SELECT project, id, slug, version FROM gateways').all()
const hashes = (db: DatabaseSync) =>
  db
    .prepare('SELECT document_hash AS hash FROM gateway_versions ORDER BY version')
    .all()
    .map((row) => row['hash'])

describe('a value written into SQL', () => {
  it('means itself to SQLite, whatever is in it', () => {
    const db = new DatabaseSync(':memory:')
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 50 }),
      fc.constantFrom("'", "''", "'; DROP TABLE gateways;--", '\\', '?', '$1', ':a', '/*', '--', '\n', '\u2028'),
    )
    fc.assert(
      fc.property(text, (value) => {
        fc.pre(!value.includes('\0'))
        expect(db.prepare(`SELECT ${literal(value)} AS value`).get()?.['value']).toBe(value)
      }),
    )
    expect(() => literal('a\0b')).toThrow('NUL')
    expect(literal(null)).toBe('NULL')
    expect(() => literal(1.5)).toThrow('whole')
  })

  it('with a question mark does not shift the others', () => {
    const text = sqlText({ sql: 'SELECT ? AS a, ? AS b', values: ['what?', 'b'] })
    expect(new DatabaseSync(':memory:').prepare(text).get()).toEqual({ a: 'what?', b: 'b' })
  })

  it('is refused when the statement becomes too long for D1', () => {
    expect(() => sqlText({ sql: 'SELECT ?', values: ['x'.repeat(100_000)] })).toThrow('too large')
  })
})

describe('the two statements of a version', () => {
  it('make a gateway and its versions', () => {
    const db = database()
    apply(db, newVersion(null, { description: "it's first" }))
    apply(db, newVersion(1, { description: 'second' }))
    expect(heads(db)).toEqual([{ project: 'default', id: 'g1', slug: 'eng', version: 2 }])
    const row = db.prepare('SELECT document, created_by FROM gateway_versions WHERE version = 1').get()
    expect(JSON.parse(String(row?.['document']))).toMatchObject({ description: "it's first" })
    expect(row?.['created_by']).toBe("O'Brien")
  })

  it('do nothing from an old base, whoever came first', () => {
    const db = database()
    apply(db, newVersion(null, { description: 'a' }))
    apply(db, newVersion(1, { description: 'b' }))
    apply(db, newVersion(1, { description: 'late' }))
    apply(db, newVersion(5, { description: 'early' }))
    apply(db, newVersion(null, { description: 'again' }))
    expect(heads(db)).toMatchObject([{ version: 2 }])
    expect(hashes(db)).toEqual(['hash a', 'hash b'])
  })

  it('leave a name with whoever has it', () => {
    const db = database()
    apply(db, newVersion(null, { description: 'a' }))
    apply(db, newVersion(null, { gateway: 'g2', description: 'other id' }))
    apply(db, newVersion(null, { gateway: 'g3', project: 'other', description: 'other project' }))
    apply(db, newVersion(1, { project: 'other', description: 'other project' }))
    expect(heads(db)).toEqual([{ project: 'default', id: 'g1', slug: 'eng', version: 1 }])
    expect(hashes(db)).toEqual(['hash a'])
  })
})
