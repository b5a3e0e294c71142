import { describe, expect, it } from 'vitest'
import { ok, refuse } from '../../src/core/result.ts'
import { createEgress } from '../../src/egress/egress.ts'
import { parseDocument } from '../../src/gateways/gateways.ts'
import type { ToolCall } from '../../src/runtime/runtime.ts'
import { decisionPointAsker } from '../../src/session/ask-decision-point.ts'
import { ask, now } from '../policy/questions.ts'
import { callOf } from '../support/runtime.ts'

type Answer = (request: Request) => Response | Promise<Response>

function settingsOf(more: object = {}) {
  const decisionPoint = { url: 'https://pdp.acme.test/access/v1/evaluation', ...more }
  const document = parseDocument({ kind: 'Gateway', name: 'x', decisionPoint })
  if (!document.ok || document.value.decisionPoint === null) throw new Error('not valid')
  return document.value.decisionPoint
}

function pointThat(answer: Answer, secrets = new Map([['PDP_TOKEN', 'pdp-secret']])) {
  const seen: Request[] = []
  const egress = createEgress(
    { development: false, egressAllow: [] },
    {
      async fetch(url, init) {
        const request = new Request(url, init)
        seen.push(request.clone() as Request)
        const aborted = new Promise<never>((_, reject) =>
          init.signal?.addEventListener('abort', () => reject(new Error('aborted'))),
        )
        return Promise.race([Promise.resolve(answer(request)), aborted])
      },
    },
  )
  const read = async (names: readonly string[]) =>
    names.every((name) => secrets.has(name)) ? ok(secrets) : refuse('vault/secret_missing')
  const asked = decisionPointAsker({ egress, secrets: read, now: () => now })
  const question = ask('Claims_Pay', { amount: 50 }, { session: { taint: ['secret'] } })
  return {
    seen,
    ask: (more: object = {}, call: ToolCall = callOf('Claims_Pay')) => asked(settingsOf(more), question, call),
  }
}

const json = (body: unknown, init: ResponseInit = {}) => Response.json(body, init)
const text = (body: string) => new Response(body, { headers: { 'content-type': 'application/json' } })

describe("the company's decision point", () => {
  it('permits with true and denies with false, and says why to administrators only', async () => {
    expect(await pointThat(() => json({ decision: true })).ask()).toEqual({
      decision: 'permit',
      source: 'pdp.acme.test',
    })
    const denied = json({ decision: false, context: { reason_admin: { '403': 'policy C076E82F' } } })
    expect(await pointThat(() => denied).ask()).toEqual({
      decision: 'deny',
      reason: 'pdp_denied',
      detail: '{"403":"policy C076E82F"}',
      source: 'pdp.acme.test',
    })
  })

  it('is asked as AuthZEN 1.0 says, with our credential and the call id', async () => {
    const point = pointThat(() => json({ decision: true }))
    await point.ask({ headers: { authorization: 'Bearer {PDP_TOKEN}' } })
    const [request] = point.seen
    expect(request?.method).toBe('POST')
    expect(request?.headers.get('authorization')).toBe('Bearer pdp-secret')
    expect(request?.headers.get('x-request-id')).toBe('call-1')
    expect(await request?.json()).toMatchObject({
      subject: {
        type: 'user',
        id: 'alice',
        properties: { issuer: 'https://idp.example', groups: ['claims', 'staff'] },
      },
      action: { name: 'tools/call' },
      resource: { type: 'tool', id: 'Claims_Pay', properties: { gateway: 'front-office', operation: 'update' } },
      context: {
        agent: { client_id: 'https://desk.example/client.json', trust: 'known' },
        arguments: { amount: 50 },
        session: { taint: ['secret'] },
        time: '2026-11-20T10:00:00.000Z',
      },
    })
  })

  it('is not sent the arguments where the administrator does not want that', async () => {
    const point = pointThat(() => json({ decision: true }))
    await point.ask({ arguments: false })
    expect(await point.seen[0]?.text()).not.toContain('amount')
  })

  // Attack case 61.
  it.each<[string, string, Answer]>([
    ['an empty object', 'pdp_invalid', () => json({})],
    ['the text true', 'pdp_invalid', () => json({ decision: 'true' })],
    ['the number 1', 'pdp_invalid', () => json({ decision: 1 })],
    ['null', 'pdp_invalid', () => json(null)],
    ['a list', 'pdp_invalid', () => json([{ decision: true }])],
    ['a decision that is inherited', 'pdp_invalid', () => text('{"__proto__":{"decision":true}}')],
    ['two decisions', 'pdp_invalid', () => text('{"decision":false,"decision":true}')],
    ['half an answer', 'pdp_invalid', () => text('{"decision":tr')],
    ['another answer inside', 'pdp_invalid', () => json({ context: { decision: true } })],
    ['an obligation', 'pdp_invalid', () => json({ decision: true, context: { obligations: [{ id: 'mfa' }] } })],
    ['a context that is none', 'pdp_invalid', () => json({ decision: true, context: 'ok' })],
    ['a page', 'pdp_invalid', () => new Response('<html>true</html>')],
    ['text that is no UTF-8', 'pdp_invalid', () => new Response(new Uint8Array([0xff, 0xfe, 0x7b]))],
    ['more than 64 KiB', 'pdp_invalid', () => json({ decision: true, context: { pad: 'x'.repeat(70_000) } })],
    [
      'a redirect to a yes',
      'pdp_invalid',
      () => new Response(null, { status: 302, headers: { location: 'https://pdp.acme.test/yes' } }),
    ],
    ['201 and a yes', 'pdp_invalid', () => json({ decision: true }, { status: 201 })],
    ['403 and a yes', 'pdp_invalid', () => json({ decision: true }, { status: 403 })],
    ['500 and a yes', 'pdp_unavailable', () => json({ decision: true }, { status: 500 })],
    ['429 and a yes', 'pdp_unavailable', () => json({ decision: true }, { status: 429 })],
    ['no answer in time', 'pdp_unavailable', () => new Promise(() => {})],
    ['no connection', 'pdp_unavailable', () => Promise.reject(new Error('refused'))],
  ])('does not permit with %s: %s', async (_, reason, answer) => {
    const point = pointThat(answer)
    const external = await point.ask({ timeoutMs: 50 })
    expect(external).toMatchObject({ reason, source: 'pdp.acme.test' })
    expect(external.decision).toBe(reason === 'pdp_invalid' ? 'invalid' : 'unavailable')
    expect(point.seen).toHaveLength(1)
  })

  it('is not asked at an address of ours, nor without its credential', async () => {
    const inside = pointThat(() => json({ decision: true }))
    expect(await inside.ask({ url: 'https://169.254.169.254/access' })).toMatchObject({
      reason: 'pdp_unavailable',
      detail: 'egress/blocked',
    })
    expect(await inside.ask({ headers: { authorization: 'Bearer {OTHER}' } })).toMatchObject({
      reason: 'pdp_unavailable',
    })
    expect(inside.seen).toHaveLength(0)
  })

  it('is asked anew each time: an answer counts for one call', async () => {
    const point = pointThat(() => json({ decision: true }))
    await point.ask()
    await point.ask()
    expect(point.seen).toHaveLength(2)
  })
})
