import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readDocuments } from '../../cli/document-file.ts'
import type { GatewayId, ProjectId } from '../../src/core/ids.ts'
import { documentJsonSchema } from '../../src/gateways/document.ts'
import { compileSnapshot } from '../../src/gateways/snapshot.ts'

const root = join(import.meta.dirname, '../..')
const examples = join(root, 'examples/gateways')

describe.each(readdirSync(examples))('examples/gateways/%s', (name) => {
  it('is a document that resolves', async () => {
    for (const { document } of readDocuments([join(examples, name)])) {
      const of = { project: 'p' as ProjectId, gateway: 'g' as GatewayId, version: 1 }
      const upstreams = document.tools.flatMap((one) => one.upstream ?? [])
      const sources = upstreams.map((id) => ({
        id,
        url: 'https://x.example/mcp',
        enabled: true,
        settings: {},
        discovered: null,
        pins: [],
      }))
      const compiled = await compileSnapshot(document, { upstreams: sources }, of, { strict: true })
      expect(compiled).toMatchObject({ ok: true })
    }
  })
})

it('keeps the schema for editors as the code has it (npm run behalf -- schema > schemas/gateway.schema.json)', () => {
  const kept: unknown = JSON.parse(readFileSync(join(root, 'schemas/gateway.schema.json'), 'utf8'))
  expect(kept).toEqual(documentJsonSchema())
})
