import { describe, expect, it } from 'vitest'
import type { ExportRange, StoredRow } from '../../src/audit/export-ledger.ts'
import { exportLedger } from '../../src/audit/export-ledger.ts'
import { verifyExport } from '../../src/audit/verify-export.ts'
import { paperLedger } from './support/paper-ledger.ts'

const paper = await paperLedger(25)

async function exported(change: (rows: StoredRow[]) => void = () => {}, range: ExportRange = { payloads: 'open' }) {
  const rows = structuredClone(paper.rows)
  change(rows)
  const lines: string[] = []
  const ports = {
    ledger: paper.ledger,
    rows: async (from: number, to: number) => rows.filter((row) => row.sequence >= from && row.sequence < to),
  }
  for await (const line of exportLedger(ports, range)) lines.push(line)
  return lines
}

const verify = (lines: string[], heads: string[] = []) => verifyExport(lines, { verifier: paper.verifier, heads })
const faults = async (lines: string[], heads: string[] = []) =>
  (await verify(lines, heads)).faults.map(({ kind, sequence, upTo }) => [
    kind,
    sequence,
    ...(upTo === undefined ? [] : [upTo]),
  ])
/** Changes one record's line. */
const edit = (lines: string[], sequence: number, change: (record: Record<string, unknown>) => void) =>
  lines.map((text) => {
    const record = JSON.parse(text) as Record<string, unknown>
    if (record['sequence'] !== sequence) return text
    change(record)
    return JSON.stringify(record)
  })
const lineOf = (text = ''): number => (JSON.parse(text) as { sequence: number }).sequence
const at = (row: StoredRow[], sequence: number) => row.find((one) => one.sequence === sequence) as StoredRow

describe('an export', () => {
  it('proves itself whole', async () => {
    const counts = { from: 0, to: 25, proven: 25, heads: 3, payloads: 25 }
    expect(await verify(await exported())).toEqual({ faults: [], ...counts, unchecked: [] })
  })

  it('proves itself from the middle', async () => {
    const verdict = await verify(await exported(undefined, { from: 13, to: 20, payloads: 'none' }))
    expect(verdict).toEqual({ faults: [], from: 13, to: 20, proven: 20, heads: 1, payloads: 0, unchecked: [] })
  })

  it('says up to where a signed head covers it', async () => {
    expect(await verify(await exported(undefined, { from: 3, to: 17, payloads: 'none' }))).toMatchObject({
      faults: [],
      proven: 10,
    })
  })
})

describe('parts of an archive, one behind the other', () => {
  const part = (from: number, to: number) => exported(undefined, { from, to, payloads: 'sealed' })

  it('are one record', async () => {
    const lines = [...(await part(0, 10)), ...(await part(10, 20)), ...(await part(20, 25))]
    expect(await verify(lines, [...paper.heads.values()])).toMatchObject({ faults: [], from: 0, to: 25, proven: 25 })
  })

  it('each prove themselves, and against a head that was kept of the one before', async () => {
    const head = paper.heads.get(10) as string
    expect(await faults(await part(10, 20), [head])).toEqual([])
    // Another record of the same ledger, signed with the same key: what an operator would have to show.
    const other = await paperLedger(25)
    const ports = { ledger: other.ledger, rows: async (from: number, to: number) => other.rows.slice(from, to) }
    const theirs: string[] = []
    for await (const line of exportLedger(ports, { from: 10, to: 20, payloads: 'none' })) theirs.push(line)
    expect(await faults(theirs)).toEqual([])
    expect(await faults(theirs, [head])).toEqual([['altered', 0]])
    expect(await faults([...(await part(0, 10)), ...theirs])).toEqual([['altered', 10]])
  })

  it.each<[string, [number, number][], unknown[]]>([
    [
      'missing',
      [
        [0, 10],
        [20, 25],
      ],
      ['removed', 10, 19],
    ],
    [
      'there twice',
      [
        [0, 10],
        [0, 10],
        [10, 20],
      ],
      ['reordered', 0],
    ],
    [
      'in the wrong place',
      [
        [10, 20],
        [0, 10],
      ],
      ['reordered', 0],
    ],
  ])('are found out when one is %s', async (_, ranges, fault) => {
    const lines = await Promise.all(ranges.map(([from, to]) => part(from, to)))
    expect(await faults(lines.flat())).toContainEqual(fault)
  })

  it('are found out when one was cut off', async () => {
    const lines = [...(await part(0, 10)).slice(0, -1), ...(await part(10, 20))]
    expect(await faults(lines)).toContainEqual(['cut_off', 10])
  })
})

describe('a store that was tampered with (attack case 60)', () => {
  it.each([0, 9, 10, 24])('names record %i when it was altered', async (n) => {
    const lines = await exported((rows) => {
      at(rows, n).leaf = at(rows, n).leaf.replace('tool.intent', 'tool.listed')
    })
    expect(await faults(lines)).toEqual([['altered', n]])
  })

  it.each([0, 9, 10, 24])('names record %i when it was deleted', async (n) => {
    expect(await faults(await exported((rows) => void rows.splice(n, 1)))).toEqual([['removed', n, n]])
  })

  it('names the first record when two were exchanged', async () => {
    const lines = await exported((rows) => {
      const [a, b] = [at(rows, 4).leaf, at(rows, 7).leaf]
      at(rows, 4).leaf = b
      at(rows, 7).leaf = a
    })
    expect((await faults(lines)).filter(([kind]) => kind === 'altered')).toEqual([
      ['altered', 4],
      ['altered', 7],
    ])
  })

  it('names the first record when one was deleted and the others closed up', async () => {
    const lines = await exported((rows) => {
      rows.splice(6, 1)
      for (const row of rows.slice(6)) row.sequence--
    })
    expect((await faults(lines))[0]).toEqual(['altered', 6])
  })

  it('names the first record that was cut off', async () => {
    expect(await faults(await exported((rows) => void rows.splice(18)))).toEqual([['removed', 18, 24]])
  })

  it('finds a payload that was exchanged', async () => {
    const lines = edit(await exported(), 5, (record) => {
      record['payload'] = { ...(record['payload'] as object), value: { note: 'another' } }
    })
    expect(await faults(lines)).toEqual([['payload_altered', 5]])
  })
})

describe('an export that was tampered with', () => {
  it('is caught by the signed head when an altered record got a fitting hash', async () => {
    const { leafHashOf } = await import('../../src/audit/leaf.ts')
    const { base64 } = await import('../../src/core/bytes.ts')
    const leaf = '{"event":{},"recordedAt":1,"v":1}'
    const hash = base64(await leafHashOf(leaf))
    const lines = edit(await exported(undefined, { payloads: 'none' }), 13, (record) =>
      Object.assign(record, { leaf, hash }),
    )
    expect(await faults(lines)).toEqual([
      ['altered', 10, 19],
      ['altered', 10, 24],
    ])
  })

  it('is caught when lines were removed, also with their heads', async () => {
    const lines = await exported(undefined, { payloads: 'none' })
    const without = lines.filter((text) => !text.includes('"sequence":13,'))
    expect(await faults(without)).toEqual([['removed', 13, 13]])
    const short = [
      ...lines.filter((text) => !/"sequence":(1[5-9]|2\d),|"checkpoint"/.test(text)).slice(0, -1),
      '{"end":15}\n',
    ]
    expect(await faults(short)).toEqual([])
    expect(await faults(short, [paper.heads.get(20) as string])).toEqual([['cut_off', 15, 19]])
  })

  it('is caught when lines stand in another order', async () => {
    const lines = await exported(undefined, { payloads: 'none' })
    const [a, b] = [lines[4] as string, lines[5] as string]
    lines.splice(4, 2, b, a)
    expect(await faults(lines)).toEqual([['reordered', lineOf(a)]])
    const moved = await exported(undefined, { payloads: 'none' })
    moved.splice(8, 0, ...moved.splice(3, 1))
    expect(await faults(moved)).toEqual([['reordered', lineOf(moved[8])]])
    const [early] = moved.splice(4, 1)
    expect(await faults(moved)).toEqual([
      ['reordered', lineOf(moved[7])],
      ['removed', lineOf(early), lineOf(early)],
    ])
  })

  it('is caught when something stands behind its end, or its end says another number', async () => {
    const lines = await exported(undefined, { payloads: 'none' })
    expect(await faults([...lines, lines[5] as string])).toEqual([['unreadable', 25]])
    expect(await faults([...lines.slice(0, -1), '{"end":24}'])).toEqual([['unreadable', 24]])
  })

  it('says which heads kept elsewhere it could not be held against', async () => {
    const kept = [10, 20].map((size) => paper.heads.get(size) as string)
    const whole = await exported(undefined, { payloads: 'none' })
    expect((await verify(whole, kept)).unchecked).toEqual([])
    const late = await exported(undefined, { from: 15, payloads: 'none' })
    expect(await verify(late, kept)).toMatchObject({ faults: [], unchecked: [10] })
    const holed = whole.filter((text) => !text.includes('"sequence":13,'))
    expect((await verify(holed, kept)).unchecked).toEqual([20])
  })

  it('is caught when it was cut anywhere', async () => {
    const lines = await exported(undefined, { payloads: 'none' })
    for (const length of [1, 2, 12, 20, lines.length - 1]) {
      expect((await faults(lines.slice(0, length)))[0]?.[0]).toBe('cut_off')
    }
  })

  it('is caught when a head is not signed with the key', async () => {
    const lines = await exported(undefined, { payloads: 'none' })
    const forged = lines.map((text) =>
      text.includes('"checkpoint"') ? text.replace(/(— \S+ )\S{8}/, '$1AAAAAAAA') : text,
    )
    expect((await faults(forged)).map(([kind]) => kind)).toEqual(['head_forged', 'head_forged', 'head_forged'])
  })

  it('is caught when it is another history, with a head kept elsewhere', async () => {
    const other = await paperLedger(25)
    const rows = other.rows
    const lines: string[] = []
    const ports = { ledger: other.ledger, rows: async (from: number, to: number) => rows.slice(from, to) }
    for await (const line of exportLedger(ports, { payloads: 'none' })) lines.push(line)
    expect(await faults(lines)).toEqual([])
    expect(await faults(lines, [paper.heads.get(10) as string])).toEqual([['altered', 0, 9]])
  })

  it('is refused when it is no export', async () => {
    await expect(verify(['{"sequence":0}'])).rejects.toThrow('no ledger export')
    expect(await faults([...(await exported()).slice(0, 3), 'rubbish', '{"end":2}'])).toContainEqual(['unreadable', 2])
  })
})
