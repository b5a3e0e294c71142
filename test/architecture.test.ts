import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { unstable_readConfig } from 'wrangler'
import { architectureFaults } from './support/architecture.ts'
import { readImportTable } from './support/import-table.ts'
import { readTree } from './support/source-tree.ts'

const root = join(import.meta.dirname, '..')
const wrangler = unstable_readConfig({ config: join(root, 'wrangler.toml') })
const durableObjects = wrangler.durable_objects.bindings.map((binding: { class_name: string }) => binding.class_name)

describe('this repository', () => {
  it('imports only what docs/architecture.md allows', () => {
    const table = readImportTable(readFileSync(join(root, 'docs/architecture.md'), 'utf8'))
    expect(architectureFaults(readTree(root, 'src'), table)).toEqual([])
  })

  it('lets no outgoing request reach a private address', () => {
    expect(wrangler.compatibility_flags).toContain('global_fetch_strictly_public')
  })

  it('keeps every Durable Object in SQLite', () => {
    const exported = Object.entries(wrangler.exports ?? {})
    expect(exported.map(([name]) => name).toSorted()).toEqual(durableObjects.toSorted())
    for (const [, entry] of exported) expect(entry).toMatchObject({ type: 'durable-object', storage: 'sqlite' })
  })
})

describe('the architecture test itself', () => {
  const table = readImportTable(`
| room | owns | may import |
|---|---|---|
| index | exports | http, session |
| http | urls | mcp, core |
| mcp | protocol | core |
| session | the Session object | vault, core |
| vault | tokens | egress, db, core |
| egress | calls out | core |
| db | rows | core |
| core | words | |
`)
  const faults = (tree: Record<string, string>): string[] => architectureFaults(new Map(Object.entries(tree)), table)

  const good = {
    'src/index.ts': `import { app } from './http/http.ts'\nexport { Session } from './session/session.ts'\nexport default { fetch: app.fetch }`,
    'src/http/http.ts': `import { serve } from '../mcp/mcp.ts'\nexport const app = { fetch() { return serve() } }`,
    'src/mcp/mcp.ts': `import type { Id } from '../core/ids.ts'\nexport const serve = (stub: { fetch(id?: Id): void }) => stub.fetch()`,
    'src/session/session.ts': `import { open } from '../vault/vault.ts'\nexport class Session { fetch() { return open() } }`,
    'src/vault/vault.ts': `import { seal } from './seal.ts'\nimport { get } from '../egress/egress.ts'\nexport const open = () => get(seal)`,
    'src/vault/seal.ts': `import { row } from '../db/rows.ts'\nexport const seal = row`,
    'src/egress/egress.ts': `export const get = (url: string) => fetch(url)`,
    'src/db/rows.ts': `import { id } from '../core/ids.ts'\nexport const row = id`,
    'src/core/ids.ts': `export type Id = string\nexport const id: Id = 'x'`,
  }

  it('passes a tree that keeps to the table', () => {
    expect(faults(good)).toEqual([])
  })

  it('names an import of a room that the table does not allow', () => {
    expect(faults({ ...good, 'src/mcp/peek.ts': `import { open } from '../vault/vault.ts'` })).toEqual([
      'src/mcp/peek.ts: mcp may not import vault',
    ])
    expect(faults({ ...good, 'src/core/up.ts': `export * from '../db/rows.ts'` })).toEqual([
      'src/core/up.ts: core may not import db',
    ])
    expect(faults({ ...good, 'src/mcp/late.ts': `await import('../vault/vault.ts')` })).toEqual([
      'src/mcp/late.ts: mcp may not import vault',
    ])
    expect(faults({ ...good, 'src/mcp/type.ts': `export type T = import('../vault/vault.ts').T` })).toEqual([
      'src/mcp/type.ts: mcp may not import vault',
    ])
  })

  it('names an import of a private file', () => {
    expect(faults({ ...good, 'src/session/peek.ts': `import { seal } from '../vault/seal.ts'` })).toEqual([
      'src/session/peek.ts: import the front door src/vault/vault.ts, not src/vault/seal.ts',
    ])
  })

  it('names a cycle between files', () => {
    const tree = { ...good, 'src/vault/a.ts': `import './b.ts'`, 'src/vault/b.ts': `import './a.ts'` }
    expect(faults(tree)).toEqual(['cycle: src/vault/a.ts -> src/vault/b.ts -> src/vault/a.ts'])
  })

  it.each([
    [`fetch('https://example.com')`, 'fetch'],
    [`const send = fetch`, 'fetch'],
    [`export const client = { fetch }`, 'fetch'],
    [`globalThis.fetch('https://example.com')`, 'globalThis.fetch'],
    [`globalThis['fetch']('https://example.com')`, 'globalThis.fetch'],
    [`new WebSocket('wss://example.com')`, 'new WebSocket'],
    [`import { connect } from 'cloudflare:sockets'`, 'cloudflare:sockets'],
  ])('names an outgoing request outside egress: %s', (source, what) => {
    expect(faults({ ...good, 'src/vault/out.ts': source })).toEqual([`src/vault/out.ts: ${what} is for egress only`])
  })

  it('names a room without a row, a missing file, a way out of src and a Node module', () => {
    expect(faults({ ...good, 'src/extra/extra.ts': '' })).toEqual([
      'src/extra/extra.ts: the room extra has no row in docs/architecture.md',
    ])
    expect(faults({ ...good, 'src/db/x.ts': `import '../core/none.ts'` })).toEqual([
      'src/db/x.ts: src/core/none.ts does not exist',
    ])
    expect(faults({ ...good, 'src/db/x.ts': `import '../../test/x.ts'` })).toEqual([
      'src/db/x.ts: ../../test/x.ts is outside src',
    ])
    expect(faults({ ...good, 'src/db/x.ts': `import 'node:fs'` })).toEqual([
      'src/db/x.ts: node:fs needs nodejs_compat, which is off',
    ])
  })

  it('refuses a table that it cannot read or that has a cycle', () => {
    const head = '| room | owns | may import |\n|---|---|---|\n'
    expect(readImportTable('no table').faults).toEqual(['docs/architecture.md: no table | room | owns | may import |'])
    expect(readImportTable(`${head}| http | urls | cor |\n| core | words | |`).faults).toEqual([
      'docs/architecture.md: http may import "cor", which is no room',
    ])
    expect(readImportTable(`${head}| a | x | b |\n| b | y | a |`).faults).toEqual([
      'docs/architecture.md: a reaches itself through the table',
      'docs/architecture.md: b reaches itself through the table',
    ])
    expect(readImportTable(`${head}| a | x | |\n| a | y | |`).faults).toEqual(['docs/architecture.md: a has two rows'])
  })
})
