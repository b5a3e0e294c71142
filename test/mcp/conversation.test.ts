import { expect, test } from 'vitest'
import fc from 'fast-check'
import { fromBase64 } from '../../src/core/bytes.ts'
import { conversationId, legacyFeatures, legacyVersions, openConversation } from '../../src/mcp/conversation.ts'
import { callerNamed } from '../support/fake-front.ts'
import { bent } from '../support/bent.ts'
import { testVars } from '../support/test-vars.ts'
import { runs } from '../support/property.ts'

const stateKey = fromBase64(testVars.BEHALF_STATE_KEY)
const day = 24 * 3_600_000
const turn = { stateKey, caller: callerNamed('alice'), now: () => 1_800_000_000_000 }
const plain = { protocolVersion: '2025-11-25', clientName: 'x', capabilities: {}, createdAt: turn.now(), logs: false }

test('says again what the client said, in at most 128 visible characters', async () => {
  const capability = fc.record(
    {
      elicitation: fc.constantFrom({}, { form: {} }, { form: {}, url: {} }, { url: {} }),
      sampling: fc.constantFrom({}, { tools: {} }, { tools: {}, context: {} }),
      roots: fc.constantFrom({}, { listChanged: true as const }),
    },
    { requiredKeys: [] },
  )
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...legacyVersions),
      fc.string({ unit: 'binary' }),
      capability,
      fc.boolean(),
      async (protocolVersion, clientName, capabilities, logs) => {
        const id = await conversationId(turn, { ...plain, protocolVersion, clientName, capabilities, logs })
        expect(id).toMatch(/^[\x21-\x7e]{1,128}$/)
        const opened = await openConversation(turn, id)
        expect(opened).toMatchObject({
          ok: true,
          value: { protocolVersion, capabilities, logs, createdAt: plain.createdAt },
        })
        const name = opened.ok ? opened.value.clientName : '(not opened)'
        expect(clientName.toWellFormed().startsWith(name)).toBe(true)
      },
    ),
    { numRuns: runs(20) },
  )
})

test('opens only for the same user, agent, grant, gateway and project', async () => {
  const id = await conversationId(turn, plain)
  const { caller } = turn
  const others = [
    { ...caller, user: { ...caller.user, id: 'user-bob' as typeof caller.user.id } },
    { ...caller, agent: { ...caller.agent, id: 'other' as typeof caller.agent.id } },
    { ...caller, grant: 'grant-2' as typeof caller.grant },
    { ...caller, gateway: 'gateway-ops' as typeof caller.gateway },
    { ...caller, project: 'other' as typeof caller.project },
  ]
  for (const other of others) {
    expect(await openConversation({ ...turn, caller: other }, id)).toMatchObject({ error: { code: 'session/unknown' } })
  }
  expect(await openConversation({ ...turn, caller: structuredClone(caller) }, id)).toMatchObject({ ok: true })
})

test('no changed character goes unnoticed, and no second spelling opens', async () => {
  const id = await conversationId(turn, plain)
  for (let at = 0; at < id.length; at++) {
    expect((await openConversation(turn, bent(id, at))).ok).toBe(false)
  }
})

test('an id is too old after 30 days, and opens under no other key', async () => {
  const id = await conversationId(turn, plain)
  expect((await openConversation({ ...turn, now: () => plain.createdAt + 30 * day }, id)).ok).toBe(true)
  const late = await openConversation({ ...turn, now: () => plain.createdAt + 30 * day + 1 }, id)
  expect(late).toMatchObject({ error: { code: 'session/unknown' } })
  expect((await openConversation({ ...turn, stateKey: new Uint8Array(32) }, id)).ok).toBe(false)
})

test('a capability counts when it is declared, not when it is null or false', () => {
  const features = (capabilities: object, protocolVersion = '2025-11-25') =>
    legacyFeatures('id', { ...plain, protocolVersion, capabilities: capabilities as never }).elicitationUrl
  expect(features({ elicitation: { url: {} } })).toBe(true)
  expect(features({ elicitation: {} })).toBe(false)
  expect(features({ elicitation: { url: null } })).toBe(false)
  expect(features({ elicitation: { url: {} } }, '2025-06-18')).toBe(false)
})
