import { expect, test } from 'vitest'
import { fromBase64 } from '../../src/core/bytes.ts'
import { openWait, sealWait, stateLifeMs, type Wait } from '../../src/mcp/request-state.ts'
import { callerNamed } from '../support/fake-front.ts'
import { bent } from '../support/bent.ts'
import { testVars } from '../support/test-vars.ts'

const now = 1_800_000_000_000
const turn = { stateKey: fromBase64(testVars.BEHALF_STATE_KEY), caller: callerNamed('alice'), now: () => now }
const asked = { method: 'tools/call', name: 'GitHub_ListIssues', arguments: { repository: 'a/b', limit: 3 } } as const
const wait: Wait = {
  resume: { callId: 'call-1', wait: 'approval', approval: 'approval-1' },
  help: { url: 'https://behalf.test/connect/x' },
  code: 'policy/approval_required',
  round: 1,
  expiresAt: now + stateLifeMs,
}

async function sealed(given: Wait): Promise<string> {
  const state = await sealWait(turn, asked, given)
  if (!state.ok) throw new Error(state.error.code)
  return state.value
}

test('opens for the same call by the same caller, in whatever order the arguments come', async () => {
  const state = await sealed(wait)
  const reordered = { ...asked, arguments: { limit: 3, repository: 'a/b' } }
  expect(await openWait(turn, reordered, state)).toEqual({ ok: true, value: wait })
})

test('says nothing to the client that carries it', async () => {
  const state = await sealed(wait)
  expect(`${state}${atob(state.replaceAll('-', '+').replaceAll('_', '/'))}`).not.toMatch(/approval|call-1|behalf/)
})

test('opens for no other person, tool, argument, time or text (attack case 11)', async () => {
  const state = await sealed(wait)
  const invalid = { ok: false, error: { code: 'mcp/invalid_state' } }
  expect(await openWait({ ...turn, caller: callerNamed('bob') }, asked, state)).toEqual(invalid)
  expect(await openWait({ ...turn, caller: callerNamed('alice', 'ops') }, asked, state)).toEqual(invalid)
  expect(await openWait(turn, { ...asked, name: 'GitHub_CreateIssue' }, state)).toEqual(invalid)
  expect(await openWait(turn, { ...asked, arguments: { repository: 'a/c', limit: 3 } }, state)).toEqual(invalid)
  expect(await openWait({ ...turn, now: () => wait.expiresAt + 1 }, asked, state)).toEqual(invalid)
  expect(await openWait({ ...turn, stateKey: new Uint8Array(32) }, asked, state)).toEqual(invalid)
  for (const text of [
    '',
    'x',
    '{}',
    state.slice(1),
    `${state}A`,
    'A'.repeat(20_000),
    'A'.repeat(300_000),
    `${state} `,
  ]) {
    expect(await openWait(turn, asked, text)).toEqual(invalid)
  }
  for (let at = 0; at < state.length; at += 7) {
    expect(await openWait(turn, asked, bent(state, at))).toEqual(invalid)
  }
})

test('what is handed out can be handed in: a state is sealed up to the size that opens, and refused beyond', async () => {
  const holding = (length: number): Wait => ({ ...wait, resume: { ...wait.resume, upstream: 'x'.repeat(length) } })
  const fits = async (length: number): Promise<boolean> => (await sealWait(turn, asked, holding(length))).ok
  let [most, tooMany] = [0, 1024 * 1024]
  while (tooMany - most > 1) {
    const middle = Math.floor((most + tooMany) / 2)
    if (await fits(middle)) most = middle
    else tooMany = middle
  }
  expect(most).toBeGreaterThan(128 * 1024)
  const largest = holding(most)
  expect(await openWait(turn, asked, await sealed(largest))).toEqual({ ok: true, value: largest })
  expect(await sealWait(turn, asked, holding(tooMany))).toMatchObject({ error: { code: 'egress/too_large' } })
})
