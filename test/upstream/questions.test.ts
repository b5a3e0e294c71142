import { afterEach, describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import type { UpstreamReply, UpstreamRequest } from '../../src/upstream/upstream.ts'
import type { AskingTool } from '../support/asking-server.ts'
import { startAskingServer } from '../support/asking-server.ts'
import { upstreamsOfASession } from '../support/upstreams-of-a-session.ts'

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

const credential = { key: 'none', headers: {} }
const capabilities = { elicitation: { form: {} }, sampling: {}, roots: {} }

type Call = (name: string, more?: Partial<UpstreamRequest>) => Promise<Leg>
type Leg = { said?: string; asks: string[]; state: string; keys: string[] }

/** What the server logs outside of calls goes to `outside`. */
async function start(tools: Record<string, AskingTool>, outside: unknown[] = []): Promise<Call> {
  const server = await startAskingServer(tools)
  const upstreams = upstreamsOfASession({
    onLog: (_upstream, { data }) => void outside.push(data),
  })
  cleanups.push(
    () => server.close(),
    () => upstreams.close(),
  )
  const target = { id: 'asking', url: server.mcp, discovered: null, timeoutMs: 5_000 }
  return async (name, more = {}) => {
    const params = { name, arguments: {} }
    const reply = await upstreams.request(target, { method: 'tools/call', params, credential, capabilities, ...more })
    if (!reply.ok) throw new Error(reply.error.code)
    return legOf(reply.value)
  }
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
    const call = await start({
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

describe('a question on the stream of a call that was lost and taken up again', () => {
  it('belongs to that call still', async () => {
    const begun = Promise.withResolvers<void>()
    const over = Promise.withResolvers<string>()
    const call = await start({
      async drops({ own, drop }) {
        await begun.promise
        drop()
        return own.elicit('Still there?').finally(() => over.resolve('done'))
      },
      async other() {
        begun.resolve()
        return over.promise
      },
    })
    const other = call('other')
    const asked = await call('drops')
    expect(asked.asks).toEqual(['elicitation/create Still there?'])
    expect(await call('drops', answer(asked, 'yes'))).toMatchObject({ said: 'accept yes' })
    expect(await other).toMatchObject({ said: 'done', asks: [] })
  })
})

describe('a question on the stream that belongs to no call', () => {
  it('belongs to the only call that runs', async () => {
    const call = await start({ only: ({ aside }) => aside.sample('Of whom?') })
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
    const call = await start({
      async asks({ aside }) {
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

describe('a log entry on the stream that belongs to no call', () => {
  it('belongs to the only call that runs, and to none when there are two', async () => {
    const begun = Promise.withResolvers<void>()
    const over = Promise.withResolvers<string>()
    const [inside, outside]: [unknown[], unknown[]] = [[], []]
    const onLog = ({ data }: JsonObject): void => void inside.push(data)
    const call = await start(
      {
        async logs({ own, aside }) {
          await aside.log('alone')
          await own.elicit('Go on?')
          await begun.promise
          await aside.log('beside another')
          // Refused: then the entry before it has arrived.
          return aside.roots().finally(() => over.resolve('done'))
        },
        async other() {
          begun.resolve()
          return over.promise
        },
      },
      outside,
    )
    const asked = await call('logs', { onLog })
    await expect.poll(() => inside).toEqual(['alone'])
    await Promise.all([call('logs', { ...answer(asked, 'yes'), onLog }), call('other', { onLog })])
    expect([inside, outside]).toEqual([['alone'], ['beside another']])
  })
})

describe('an answer to a question', () => {
  it('that is given again answers nothing else', async () => {
    const call = await start({
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
