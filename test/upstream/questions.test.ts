import { afterEach, describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import { createEgress } from '../../src/egress/egress.ts'
import type { UpstreamReply, UpstreamRequest, Upstreams, UpstreamTarget } from '../../src/upstream/upstream.ts'
import { Breakers, createUpstreams } from '../../src/upstream/upstream.ts'
import type { AskingServer, AskingTool } from '../support/asking-server.ts'
import { startAskingServer } from '../support/asking-server.ts'

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

const credential = { key: 'none', headers: {} }
const capabilities = { elicitation: { form: {} }, sampling: {}, roots: {} }

type Legs = {
  server: AskingServer
  call: (name: string, more?: Partial<UpstreamRequest>) => Promise<Leg>
  breakers: Breakers
  target: UpstreamTarget
}
type Leg = { said?: string; asks: string[]; state: string; keys: string[]; code?: string }

async function start(tools: Record<string, AskingTool>): Promise<Legs> {
  const server = await startAskingServer(tools)
  const breakers = new Breakers()
  const upstreams: Upstreams = createUpstreams({
    egress: createEgress({ development: true, egressAllow: [] }),
    breakers,
  })
  cleanups.push(
    () => server.close(),
    () => upstreams.close(),
  )
  const target: UpstreamTarget = { id: 'asking', url: server.mcp, discovered: null, timeoutMs: 5_000 }
  const call: Legs['call'] = async (name, more = {}) => {
    const params = { name, arguments: {} }
    const reply = await upstreams.request(target, { method: 'tools/call', params, credential, capabilities, ...more })
    return reply.ok ? legOf(reply.value) : { asks: [], keys: [], state: '', code: reply.error.code }
  }
  return { server, call, breakers, target }
}

function legOf(reply: UpstreamReply): Leg {
  if (reply.kind === 'result') {
    const [{ text = '' } = {}] = reply.result['content'] as { text?: string }[]
    return { said: text, asks: [], keys: [], state: '' }
  }
  const asks = Object.values(reply.requests).map((one) => {
    const { method, params } = one as { method: string; params?: { message?: string; messages?: unknown } }
    return `${method} ${params?.message ?? JSON.stringify(params?.messages)?.match(/"text":"([^"]*)"/)?.[1] ?? ''}`.trim()
  })
  return { asks, keys: Object.keys(reply.requests), state: reply.state }
}

const answer = ({ keys, state }: Leg, text: string): Partial<UpstreamRequest> => {
  const response: JsonObject = { action: 'accept', content: { text } }
  return { resume: { responses: Object.fromEntries(keys.map((key) => [key, response])), state } }
}

describe('a question on the stream of a call', () => {
  it('belongs to that call, whichever began last', async () => {
    const begun = Promise.withResolvers<void>()
    const logs: unknown[] = []
    const log = (who: string) => (entry: JsonObject) => void logs.push([who, entry['data']])
    const { call } = await start({
      async first({ own }) {
        await begun.promise
        await own.log('of the first')
        return own.elicit('Of the first?')
      },
      async second({ own }) {
        begun.resolve()
        return own.elicit('Of the second?')
      },
    })
    const both = [call('first', { onLog: log('first') }), call('second', { onLog: log('second') })] as const
    const [first, second] = await Promise.all(both)
    expect(first.asks).toEqual(['elicitation/create Of the first?'])
    expect(second.asks).toEqual(['elicitation/create Of the second?'])
    expect(logs).toEqual([['first', 'of the first']])
    const [saidFirst, saidSecond] = await Promise.all([
      call('first', answer(first, 'one')),
      call('second', answer(second, 'two')),
    ])
    expect([saidFirst.said, saidSecond.said]).toEqual(['accept one', 'accept two'])
  })
})

describe('a question on the stream that belongs to no call', () => {
  it('belongs to the only call that runs', async () => {
    const { call, server } = await start({
      async only({ aside }) {
        await server.listening
        return aside.sample('Of whom?')
      },
    })
    const asked = await call('only')
    expect(asked.asks).toEqual(['sampling/createMessage Of whom?'])
    const [key = ''] = asked.keys
    const response = { role: 'assistant', model: 'm', content: { type: 'text', text: 'of the only one' } }
    const resume = { responses: { [key]: response }, state: asked.state }
    expect(await call('only', { resume })).toMatchObject({ said: 'of the only one' })
  })

  it.each(['sample', 'elicit', 'roots'] as const)('is refused when two calls run (%s)', async (kind) => {
    const begun = Promise.withResolvers<void>()
    const over = Promise.withResolvers<string>()
    const { call, server } = await start({
      async asks({ aside }) {
        await server.listening
        await begun.promise
        return aside[kind]('Whose?').finally(() => over.resolve('done'))
      },
      async other() {
        begun.resolve()
        return over.promise
      },
    })
    const [asks, other] = await Promise.all([call('asks'), call('other')])
    expect(asks.said).toMatch(/^refused: .*cannot be asked/)
    expect(other).toMatchObject({ said: 'done', asks: [] })
  })
})

describe('an answer to a question', () => {
  it('that is given again answers nothing else', async () => {
    const { call } = await start({
      async rounds({ own }) {
        return JSON.stringify([await own.elicit('Read it?'), await own.elicit('Delete it?')])
      },
    })
    const one = await call('rounds')
    const accepted = answer(one, 'yes')
    const two = await call('rounds', accepted)
    expect(two.asks).toEqual(['elicitation/create Delete it?'])
    expect(await call('rounds', accepted)).toEqual(two)
    const both = await Promise.all([call('rounds', answer(two, 'no')), call('rounds', accepted)])
    expect(both[0].said).toBe('["accept yes","accept no"]')
  })
})
