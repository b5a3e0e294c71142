import { expect, test } from 'vitest'
import { FakeSession, front, gatewayUrl, modern, post, read, said } from '../support/fake-front.ts'

/** Lets the test decide in which order the calls of two people come back. */
function gate() {
  const open = new Map<string, () => void>()
  const session = new FakeSession({
    callTool: async ({ caller, arguments: args }) => {
      await new Promise<void>((resolve) => void open.set(caller.user.name, resolve))
      return said(`for ${caller.user.name} only: ${JSON.stringify(args)}`)
    },
  })
  const waiting = async (names: string[]) => {
    while (!names.every((name) => open.has(name))) await Promise.resolve()
  }
  return { session, waiting, release: (name: string) => open.get(name)?.() }
}

const legacyCall = (who: string) =>
  post(
    gatewayUrl,
    { jsonrpc: '2.0', id: 0, method: 'tools/call', params: { name: 'Test_Echo', arguments: { who } } },
    { authorization: `Bearer ${who}`, 'mcp-protocol-version': '2025-11-25' },
  )
const modernCall = (who: string) =>
  modern({ id: 0, method: 'tools/call', params: { name: 'Test_Echo', arguments: { who } } }, { who })

for (const [era, call] of [
  ['2026-07-28', modernCall],
  ['2025-11-25', legacyCall],
] as const) {
  for (const order of [
    ['alice', 'bob'],
    ['bob', 'alice'],
  ]) {
    test(`two people with the same request id get their own results (${era}, ${order.join(' first, then ')})`, async () => {
      const { session, waiting, release } = gate()
      const { fetch } = front(session)
      const answers = { alice: fetch(call('alice')), bob: fetch(call('bob')) }
      await waiting(['alice', 'bob'])
      for (const name of order) release(name)
      for (const name of ['alice', 'bob'] as const) {
        const { id, result } = await read(await answers[name])
        expect(id).toBe(0)
        expect(result?.content?.[0]?.text).toBe(`for ${name} only: {"who":"${name}"}`)
      }
    })
  }
}

test('one person in both eras at once with the same id gets two answers', async () => {
  const { fetch, session } = front()
  const [one, two] = await Promise.all([fetch(modernCall('alice')), fetch(legacyCall('alice'))])
  expect((await read(one)).result?.['resultType']).toBe('complete')
  expect((await read(two)).result?.['resultType']).toBeUndefined()
  expect(session.calls.map((call) => call.features.era).toSorted()).toEqual(['legacy', 'modern'])
})
