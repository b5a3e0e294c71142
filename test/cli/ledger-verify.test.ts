import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { main } from '../../cli/main.ts'
import { exportLedger } from '../../src/audit/export-ledger.ts'
import { paperLedger } from '../audit/support/paper-ledger.ts'

const folder = mkdtempSync(join(tmpdir(), 'behalf-verify-'))
afterAll(() => rmSync(folder, { recursive: true }))
const paper = await paperLedger(25)

async function exported(): Promise<string> {
  let text = ''
  const ports = { ledger: paper.ledger, rows: async (from: number, to: number) => paper.rows.slice(from, to) }
  for await (const line of exportLedger(ports, { payloads: 'open' })) text += line
  return text
}

let files = 0
function file(text: string): string {
  const path = join(folder, `${++files}`)
  writeFileSync(path, text)
  return path
}

async function verify(text: string, ...more: string[]) {
  const seen = { out: '', err: '' }
  const code = await main(['ledger', 'verify', file(text), ...more], {
    env: {},
    stdout: (part) => void (seen.out += part),
    stderr: (part) => void (seen.err += part),
    stdin: () => '',
    ask: () => Promise.resolve(''),
    interactive: false,
  })
  return { code, ...seen }
}

describe('behalf ledger verify', () => {
  it('says that a whole record is unaltered', async () => {
    expect(await verify(await exported(), '--key', paper.verifier)).toEqual({
      code: 0,
      out: '25 records (0 to 24), 3 signed heads, 25 payloads: unaltered.\n',
      err: '',
    })
    expect((await verify(await exported())).err).toContain('say --key')
  })

  it('names the record and fails', async () => {
    const text = (await exported()).replace('"id\\":\\"e7', '"id\\":\\"x7')
    expect(await verify(text, '--key', paper.verifier)).toMatchObject({
      code: 1,
      out: 'WRONG: record 7 is not what was recorded\n',
    })
  })

  it('finds a record that was cut short, with a head kept elsewhere', async () => {
    const other = await paperLedger(15)
    let text = ''
    const ports = { ledger: other.ledger, rows: async (from: number, to: number) => other.rows.slice(from, to) }
    for await (const line of exportLedger(ports, { payloads: 'none' })) text += line
    const head = file(paper.heads.get(25) as string)
    const { code, out } = await verify(text, '--key', paper.verifier, '--head', head)
    expect(code).toBe(1)
    expect(out).toContain('covers 25 records; everything from record 15 on is missing')
  })

  it('calls nothing unaltered that no signed head proves, and says which head it did not compare', async () => {
    const bare = (await exported()).replaceAll(/.*"checkpoint".*\n/g, '')
    expect((await verify(bare, '--key', paper.verifier)).out).toBe(
      '25 records (0 to 24), 0 signed heads, 25 payloads: they agree with each other, and no signed head proves them.\n',
    )
    let late = ''
    const ports = { ledger: paper.ledger, rows: async (from: number, to: number) => paper.rows.slice(from, to) }
    for await (const line of exportLedger(ports, { from: 15, payloads: 'none' })) late += line
    const { out } = await verify(late, '--key', paper.verifier, '--head', file(paper.heads.get(10) as string))
    expect(out).toContain('The head kept of 10 records was not compared')
  })

  it('gives programs one value, and says when it was given no export', async () => {
    const { out } = await verify(await exported(), '--json', '--key', paper.verifier)
    expect(JSON.parse(out)).toMatchObject({ faults: [], proven: 25 })
    expect(await verify('{"some":"json"}')).toMatchObject({
      code: 1,
      err: expect.stringContaining('no ledger export') as string,
    })
    expect(await verify(await exported(), '--head', '/nowhere')).toMatchObject({
      code: 1,
      err: '/nowhere cannot be read.\n',
    })
  })
})
