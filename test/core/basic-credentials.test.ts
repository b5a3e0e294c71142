import { expect, test } from 'vitest'
import { basicCredentials } from '../../src/core/basic-credentials.ts'

const inside = (header: string): string => atob(header.replace(/^Basic /, ''))

test('an id and a secret that need no encoding are sent as they are, for servers that do not decode', () => {
  expect(inside(basicCredentials('0oa-1.x_y~z', 's3cr-et_~.'))).toBe('0oa-1.x_y~z:s3cr-et_~.')
})

test('a server that decodes as RFC 6749 §2.3.1 says gets exactly what was meant', () => {
  for (const text of ['a:b', '100%', 'a+b c', 'a&b=c', 'schlüssel', "!'()*", '%2D']) {
    const [id = '', secret = '', ...more] = inside(basicCredentials(text, text)).split(':')
    expect(more).toEqual([])
    const decoded = [id, secret].map((part) => new URLSearchParams(`x=${part}`).get('x'))
    expect(decoded).toEqual([text, text])
  }
})
