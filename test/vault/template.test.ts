import { describe, expect, it } from 'vitest'
import { fill, fillAll, readPath, readText } from '../../src/vault/template.ts'

describe('a template', () => {
  it('encodes what goes into a URL, and leaves {+name} as it is', () => {
    const values = { tenant: 'a/b?c', base: 'https://eu.example.com/x' }
    expect(fill('https://host/{tenant}/y', values, encodeURIComponent)).toBe('https://host/a%2Fb%3Fc/y')
    expect(fill('{+base}/y', values, encodeURIComponent)).toBe('https://eu.example.com/x/y')
  })

  it('is nothing when a value is missing', () => {
    expect(fill('https://{host}/x', {})).toBeNull()
    expect(fillAll({ a: '{one}', b: '{two}' }, { one: 1 })).toEqual({ a: '1' })
  })

  it('writes braces that are doubled', () => {
    expect(fill('query {{ viewer {{ id }} }} {a}', { a: 'x' })).toBe('query { viewer { id } } x')
  })
})

describe('a path', () => {
  const answer = { ok: true, authed_user: { access_token: 't' }, list: [{ id: 7 }], empty: '' }
  it('reads nested members and places in lists, the first alternative that is there', () => {
    expect(readText(answer, 'authed_user.access_token|access_token')).toBe('t')
    expect(readText(answer, 'empty|list[0].id')).toBe('7')
    expect(readText(answer, 'ok')).toBeNull()
    expect(readPath(answer, 'list[1].id')).toBeUndefined()
  })

  it('reads own members only', () => {
    for (const path of ['constructor.name', '__proto__.x', 'list.length.constructor', 'toString']) {
      expect(readText(answer, path)).toBeNull()
    }
  })

  it('reads a claim of a token, and nothing from what is no token', () => {
    const token = `${btoa('{"alg":"none"}')}.${btoa('{"sub":"u1","scp":["a","b"]}')}.x`.replaceAll('=', '')
    expect(readText({ id_token: token }, 'jwt(id_token).sub')).toBe('u1')
    expect(readPath({ id_token: token }, 'jwt(id_token).scp')).toEqual(['a', 'b'])
    expect(readText({ id_token: 'nonsense' }, 'jwt(id_token).sub')).toBeNull()
  })
})
