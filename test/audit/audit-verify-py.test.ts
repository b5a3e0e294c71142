import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { exportLedger } from '../../src/audit/export-ledger.ts'
import { paperLedger } from './support/paper-ledger.ts'

const script = join(import.meta.dirname, '../../docs/audit-verify.py')
const python = spawnSync('python3', ['-c', 'import cryptography']).status === 0
const folder = mkdtempSync(join(tmpdir(), 'behalf-verify-'))
afterAll(() => rmSync(folder, { recursive: true }))

const paper = await paperLedger(25)
async function exported(from: number): Promise<string> {
  let text = ''
  const ports = { ledger: paper.ledger, rows: async (a: number, b: number) => paper.rows.slice(a, b) }
  for await (const line of exportLedger(ports, { from, payloads: 'open' })) text += line
  return text
}
const run = (text: string, verifier = paper.verifier) => {
  const file = join(folder, 'export.ndjson')
  writeFileSync(file, text)
  return spawnSync('python3', [script, file, verifier], { encoding: 'utf8' })
}

// Needs Python with the package cryptography; the same checks in TypeScript are in verify-export.test.ts.
describe.skipIf(!python)('the verifier in Python, written from the documents alone', () => {
  it('agrees that the record is unaltered, whole or in part', async () => {
    expect(run(await exported(0)).stdout).toBe('25 records, 3 signed heads: unaltered\n')
    expect(run(await exported(13)).stdout).toBe('12 records, 2 signed heads: unaltered\n')
  })

  it.each([
    ['an altered record', (text: string) => text.replace('"id\\":\\"e7', '"id\\":\\"x7'), 'record 7 was altered'],
    ['a removed record', (text: string) => text.replace(/.*"sequence":7,.*\n/, ''), 'record 7 is missing'],
    ['a changed payload', (text: string) => text.replace('"note":"payload 7"', '"note":"payload 8"'), 'payload 7'],
    ['a cut end', (text: string) => text.split('\n').slice(0, 20).join('\n'), 'cut off after record 17'],
    ['a forged head', (text: string) => text.replace('\\n20\\n', '\\n21\\n'), 'records before 20 are not the ones'],
  ])('names %s', async (_, change, message) => {
    const result = run(change(await exported(0)))
    expect(result.status).toBe(1)
    expect(result.stderr).toContain(message)
  })
})
