import { expect, it } from 'vitest'
import { readChallenge } from '../../src/upstream/challenge.ts'

it.each([
  [null, {}],
  ['Basic realm="x"', {}],
  ['Bearer', {}],
  ['Bearer error="invalid_token"', { error: 'invalid_token' }],
  [
    'Bearer realm="a, b", error="insufficient_scope", scope="a b", resource_metadata="https://x.example/prm"',
    { error: 'insufficient_scope', scope: 'a b', resourceMetadata: 'https://x.example/prm' },
  ],
  ['bearer scope=read', { scope: 'read' }],
  ['Basic realm="x", Bearer scope="y"', { scope: 'y' }],
  ['Bearer scope="a \\"b\\""', { scope: 'a "b"' }],
  ['Bearer scope="first", scope="second"', { scope: 'first' }],
  [`Bearer scope="${'x'.repeat(5000)}"`, {}],
])('reads the challenge %s', (header, expected) => {
  expect(readChallenge(header)).toEqual(expected)
})
