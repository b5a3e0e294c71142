import { expect, test } from 'vitest'
import { FakeSession, front, gatewayUrl, modern, post, read, said } from '../support/fake-front.ts'

/** Lets the test decide in which order the calls of two people come back. */
function gate() {
  const begun = { alice: Promise.withResolvers<void>(), bob: Promise.withResolvers<void>() }
  const end = { alice: Promise.withResolvers<void>(), bob: Promise.withResolvers<void>() }
  const session = new FakeSession({
    callTool: async ({ caller, arguments: args }) => {
      const name = caller.user.name as 'alice' | 'bob'
      begun[name].resolve()
      await end[name].promise
      return said(`for ${name} only: ${JSON.stringify(args)}`)
    },
  })
  const bothWait = () => Promise.all([begun.alice.promise, begun.bob.promise])
  return { session, bothWait, release: (name: 'alice' | 'bob') => end[name].resolve() }
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
  ] as const) {
    test(`two people with the same request id get their own results (${era}, ${order.join(' first, then ')})`, async () => {
      const { session, bothWait, release } = gate()
      const { fetch } = front(session)
      const answers = { alice: fetch(call('alice')), bob: fetch(call('bob')) }
      await bothWait()
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
