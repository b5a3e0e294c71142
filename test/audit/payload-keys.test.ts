import { describe, expect, it } from 'vitest'
import { PayloadKeys } from '../../src/audit/payload-keys.ts'
import type { Bytes } from '../../src/core/bytes.ts'
import { utf8 } from '../../src/core/bytes.ts'

type Row = { kid: string; wrapped: ArrayBuffer }

function table() {
  const rows = new Map<string, Row>()
  return {
    rows,
    read: (user: string) => rows.get(user),
    insert: (user: string, row: Row) => void (rows.has(user) || rows.set(user, row)),
    replace: (user: string, row: Row) => void rows.set(user, row),
    erase: (user: string) => rows.delete(user),
    erased: () => new Map<string, number>(),
    notUnder: (kid: string, limit: number) =>
      [...rows].flatMap(([user, row]) => (row.kid === kid ? [] : [user])).slice(0, limit),
  }
}

const key = (n: number): Bytes => new Uint8Array(32).fill(n)
const ring = (active: string, ...kids: string[]) => ({
  keks: new Map(kids.map((kid) => [kid, key(Number(kid))])),
  activeKek: active,
})
const text = utf8('the payload')

describe('payload keys', () => {
  it('are wrapped anew in parts, until none is left', async () => {
    const rows = table()
    const keys = new PayloadKeys('p', ring('1', '1'), rows)
    const sealed = new Map<string, string>()
    for (const user of ['a', 'b', 'c']) sealed.set(user, await keys.seal(user, 'e1', text))
    const both = new PayloadKeys('p', ring('2', '1', '2'), rows)
    expect(await both.rewrap(2)).toEqual({ rewrapped: 2, left: true })
    expect(await both.rewrap(2)).toEqual({ rewrapped: 1, left: false })
    const alone = new PayloadKeys('p', ring('2', '2'), rows)
    for (const [user, blob] of sealed) expect(await alone.open(user, 'e1', blob)).toEqual(text)
  })

  it('are wrapped anew after a rotation, without touching what they sealed', async () => {
    const rows = table()
    const sealed = await new PayloadKeys('p', ring('1', '1'), rows).seal('alice', 'e1', text)
    expect(rows.rows.get('alice')?.kid).toBe('1')
    const rotated = new PayloadKeys('p', ring('2', '1', '2'), rows)
    expect(await rotated.open('alice', 'e1', sealed)).toEqual(text)
    expect(rows.rows.get('alice')?.kid).toBe('2')
    expect(await new PayloadKeys('p', ring('2', '2'), rows).open('alice', 'e1', sealed)).toEqual(text)
  })

  it('name the key-encryption key that is missing', async () => {
    const rows = table()
    const sealed = await new PayloadKeys('p', ring('1', '1'), rows).seal('alice', 'e1', text)
    await expect(new PayloadKeys('p', ring('2', '2'), rows).open('alice', 'e1', sealed)).rejects.toThrow('BEHALF_KEK_1')
  })

  it('are one per user, also when two appends make the first at once', async () => {
    const rows = table()
    const [one, two] = [new PayloadKeys('p', ring('1', '1'), rows), new PayloadKeys('p', ring('1', '1'), rows)]
    const [a, b] = await Promise.all([one.seal('alice', 'e1', text), two.seal('alice', 'e2', text)])
    const fresh = new PayloadKeys('p', ring('1', '1'), rows)
    expect(await fresh.open('alice', 'e1', a)).toEqual(text)
    expect(await fresh.open('alice', 'e2', b)).toEqual(text)
    expect(await fresh.open('bob', 'e1', a)).toBeNull()
  })

  it('do not open what was wrapped for another project or user', async () => {
    const rows = table()
    const sealed = await new PayloadKeys('p', ring('1', '1'), rows).seal('alice', 'e1', text)
    await expect(new PayloadKeys('q', ring('1', '1'), rows).open('alice', 'e1', sealed)).rejects.toThrow(
      'does not open',
    )
  })
})
