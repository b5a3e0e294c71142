import { expect, test } from 'vitest'
import { listMark } from '../../src/session/list-mark.ts'
import { toolNamed } from '../support/fake-front.ts'

const [a, b, c] = [toolNamed('A_One'), toolNamed('B_Two'), toolNamed('C_Three')]
const all = [a, b, c]

test('equal lists have equal marks, and every difference shows', async () => {
  const mark = await listMark('gateway', 1, [a, b], all)
  expect(await listMark('gateway', 1, [a, b], all)).toBe(mark)
  const narrowed = { ...b, inputSchema: { type: 'object', properties: { text: { enum: ['x'] } } } }
  const others = await Promise.all([
    listMark('other', 1, [a, b], all),
    listMark('gateway', 2, [a, b], all),
    listMark('gateway', 1, [a], all),
    listMark('gateway', 1, [b, a], all),
    listMark('gateway', 1, [a, b, c], all),
    listMark('gateway', 1, [a, narrowed], all),
  ])
  expect(new Set([mark, ...others]).size).toBe(others.length + 1)
})
