import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { main } from '../../cli/main.ts'
import { query } from '../../cli/wrangler-d1.ts'
import { migrateLocalD1 } from '../../scripts/lib/local-d1.ts'

const folder = mkdtempSync(join(tmpdir(), 'behalf-wrangler-'))
const file = join(folder, 'eng.yaml')

beforeAll(() => migrateLocalD1(folder))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function behalf(...argv: string[]) {
  const seen = { out: '', err: '' }
  const code = await main([...argv, '--via', 'wrangler', '--local', '--persist-to', folder], {
    env: process.env,
    stdout: (text) => void (seen.out += text),
    stderr: (text) => void (seen.err += text),
    stdin: () => '',
    ask: () => Promise.resolve(''),
    interactive: false,
  })
  return { code, ...seen }
}

const write = (description: string, tools = 'WhoAmI') =>
  writeFileSync(
    file,
    `kind: Gateway\nname: eng\ndescription: ${JSON.stringify(description)}\ntools: [{ toolkit: GitHub, include: [${tools}] }]\n`,
  )

it('applies with wrangler alone, ends in a version, and refuses what is wrong', async () => {
  write("it's first; -- ?")
  const applied = await behalf('apply', file, '--note', 'why')
  expect(applied).toMatchObject({ code: 0, err: '' })
  expect(applied.out).toMatch(/new gateway[^]*version 1 is live/)

  write('second', 'WhoAmi')
  const refused = await behalf('apply', file)
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining(`${file}:4: tools[0].include`) as string })

  const target = { local: true, persistTo: folder, env: process.env }
  const rows = await query<Record<string, unknown>>(target, {
    sql: `SELECT version, document ->> '$.description' AS description, note, created_by AS "by" FROM gateway_versions`,
    values: [],
  })
  const by = expect.stringMatching(/^wrangler:/) as string
  expect(rows).toEqual([{ version: 1, description: "it's first; -- ?", note: 'why', by }])
})
