import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../src/core/json.ts'
import { canonicalJson } from '../../src/core/json.ts'
import { diff } from '../../src/gateways/diff.ts'
import '../support/property.ts'

const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)) as Json)

describe('the difference of two documents', () => {
  it('is empty exactly when they say the same', () => {
    fc.assert(
      fc.property(json, json, (before, after) => {
        expect(diff(before, before)).toEqual([])
        expect(diff(before, after).length === 0).toBe(canonicalJson(before) === canonicalJson(after))
      }),
    )
  })

  it('names what was added, changed and taken away, where it stands', () => {
    const before = { title: 'a', for: { groups: ['x', 'y'] }, enabled: true }
    const after = { title: 'b', for: { groups: ['y', 'z'] }, note: 1 }
    expect(diff(before, after)).toEqual([
      { path: 'title', before: 'a', after: 'b' },
      { path: 'for.groups[z]', after: 'z' },
      { path: 'for.groups[x]', before: 'x' },
      { path: 'note', after: 1 },
      { path: 'enabled', before: true },
    ])
  })

  it('follows a rule by its id, wherever it moves', () => {
    const before = {
      rules: [
        { id: 'a', effect: 'permit' },
        { id: 'b', effect: 'permit' },
      ],
    }
    const after = { rules: [{ id: 'new' }, { id: 'a', effect: 'forbid' }, { id: 'b', effect: 'permit' }] }
    expect(diff(before, after)).toEqual([
      { path: 'rules[new]', after: { id: 'new' } },
      { path: 'rules[a].effect', before: 'permit', after: 'forbid' },
    ])
  })

  it('tells a changed order as one change of the list', () => {
    expect(diff({ list: ['a', 'b'] }, { list: ['b', 'a'] })).toEqual([
      { path: 'list', before: ['a', 'b'], after: ['b', 'a'] },
    ])
  })

  it('counts equal entries', () => {
    expect(diff(['a'], ['a', 'a'])).toEqual([{ path: '[a (2)]', after: 'a' }])
  })

  it('is not fooled by names of Object.prototype', () => {
    const hostile = JSON.parse('{"constructor":1,"__proto__":{"a":1}}') as Json
    expect(diff({}, hostile).map((one) => one.path)).toEqual(['constructor', '__proto__'])
  })
})
