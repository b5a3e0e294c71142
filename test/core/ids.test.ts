import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ProjectId } from '../../src/core/ids.ts'
import { userId, uuidv7 } from '../../src/core/ids.ts'
import '../support/property.ts'

type Parts = readonly [project: string, issuer: string, subject: string]

const id = ([project, issuer, subject]: Parts) => userId(project as ProjectId, issuer, subject)

describe('the id of a user, which names their vault', () => {
  it.each<[string, Parts, Parts]>([
    ['where a separator moves from one part to the next', ['p', 'a:b', 'c'], ['p', 'a', 'b:c']],
    ['where a part is empty', ['p', '', 'ab'], ['p', 'a', 'b']],
    ['of another project', ['p1', 'i', 's'], ['p2', 'i', 's']],
    ['where letters look the same and are composed otherwise', ['p', 'i', '\u00e9'], ['p', 'i', 'e\u0301']],
    ['where letters look the same and are others', ['p', 'i', 'admin'], ['p', 'i', '\u0430dmin']],
    ['where only the case differs', ['p', 'i', 'Ada'], ['p', 'i', 'ada']],
    ['where a subject is very long', ['p', 'i', 'x'.repeat(10_000)], ['p', 'i', 'x'.repeat(10_001)]],
  ])('is another one %s (attack case 38)', async (_, one, other) => {
    expect(await id(one)).not.toBe(await id(other))
    expect(await id(one)).toMatch(/^[\w-]{43}$/)
  })

  it('is the same only for the same three parts', async () => {
    const parts = fc.tuple(fc.string(), fc.string(), fc.string())
    const same = fc.asyncProperty(parts, parts, async (one, other) => {
      const equal = one.every((part, n) => part === other[n])
      return equal === ((await id(one)) === (await id(other)))
    })
    await fc.assert(same)
  })
})

describe('a version 7 UUID (RFC 9562 §5.7)', () => {
  it('has the time it was made at, its version and its variant', () => {
    const at = fc.integer({ min: 0, max: 2 ** 48 - 1 })
    const said = fc.property(at, (now) => {
      const id = uuidv7(now)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      expect(Number.parseInt(id.replace('-', '').slice(0, 12), 16)).toBe(now)
    })
    fc.assert(said)
  })

  it('is never given out twice', () => {
    const ids = Array.from({ length: 5_000 }, () => uuidv7(1))
    expect(new Set(ids).size).toBe(5_000)
    expect(new Set(ids.map((id) => id.slice(19, 20)))).toEqual(new Set(['8', '9', 'a', 'b']))
  })
})
