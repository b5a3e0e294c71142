import { describe, expect, it } from 'vitest'
import type { ApiCall } from '../../src/core/api-client.ts'
import { ProviderError } from '../../src/core/api-client.ts'
import type { Progress } from '../../src/core/call.ts'
import type { ToolHostApi, WorkerCall } from '../../src/core/tool-worker.ts'
import { runWorkerTool } from '../../src/runtime/run-worker-tool.ts'
import type { WorkerReply } from '../../src/toolkits/kit/serve-tool.ts'
import { callOf } from '../support/runtime.ts'
import { toolNamed } from '../support/tool-named.ts'

const tool = toolNamed('Acme_Do', {
  source: { kind: 'worker', binding: 'acme', remoteName: 'Do', revision: 'r1' },
  outputSchema: { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] },
})
const never = new Promise<never>(() => {})

function setUp(
  serve: (call: WorkerCall, host: ToolHostApi) => Promise<unknown>,
  more: { timeoutMs?: number; fail?: ProviderError; abort?: AbortController } = {},
) {
  const progress: Progress[] = []
  const asked: ApiCall[] = []
  const call = callOf(
    'Acme_Do',
    {},
    {
      onProgress: (one) => void progress.push(one),
      signal: (more.abort ?? new AbortController()).signal,
    },
  )
  const run = () =>
    runWorkerTool(
      call,
      tool,
      { a: 1 },
      {
        worker: { describeTools: () => never, callTool: serve },
        api: () => ({
          async request(one) {
            asked.push(one)
            if (more.fail) throw more.fail
            return { status: 200, headers: {}, body: { n: 1 } }
          },
        }),
        secrets: new Map([['KEY', 'secret-value-1']]),
        expose: (host) => host,
        now: 5,
        timeoutMs: more.timeoutMs ?? 5_000,
        maxBytes: 1_000,
      },
    )
  return { run, progress, asked }
}

const value = (n: unknown): WorkerReply => ({ kind: 'value', value: n as never })

describe('running a tool of a tool Worker', () => {
  it('sends the contract that was admitted, and who it is for, and nothing else of the caller', async () => {
    let got: WorkerCall | undefined
    const { run } = setUp(async (call) => {
      got = call
      return value({ n: 2 })
    })
    expect(await run()).toMatchObject({ ok: true, value: { output: { structuredContent: { n: 2 } } } })
    expect(got).toEqual({
      tool: 'Do',
      revision: 'r1',
      arguments: { a: 1 },
      user: { name: 'alice', email: null },
      callId: 'call-1',
      now: 5,
      timeoutMs: 5_000,
    })
  })

  const cycle: Record<string, unknown> = {}
  cycle['self'] = cycle
  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'reply'],
    ['a cycle', value(cycle), 'reply'],
    ['a function', { kind: 'value', value: () => 1 }, 'reply'],
    ['too much', value({ n: 1, text: 'x'.repeat(2_000) }), 'reply'],
    ['another shape', { kind: 'value', value: { n: 1 }, more: 1 }, 'reply'],
    ['what the output schema does not allow', value({ n: 'one' }), 'output_schema'],
    ['a refusal that never was', { kind: 'host_refused' }, 'reply'],
    ['a date', value({ n: new Date(0) }), 'output_schema'],
  ])('does not hand on %s', async (_, reply, fault) => {
    expect(await setUp(async () => reply).run()).toMatchObject({
      ok: false,
      error: { code: 'upstream/failed', evidence: { fault } },
    })
  })

  it('keeps a bug out of the answer, and says what a tool says itself', async () => {
    expect(await setUp(async () => ({ kind: 'bug', cause: 'TypeError: x' })).run()).toMatchObject({
      error: { code: 'toolkits/failed', evidence: { cause: 'TypeError: x' } },
    })
    expect(await setUp(() => Promise.reject(new Error('boom'))).run()).toMatchObject({
      error: { code: 'upstream/failed' },
    })
    expect(await setUp(async () => ({ kind: 'changed' })).run()).toMatchObject({
      error: { code: 'upstream/unavailable' },
    })
    const error = { kind: 'not_found', message: 'No such secret-value-1.', choices: ['a'] }
    expect(await setUp(async () => ({ kind: 'error', error })).run()).toMatchObject({
      value: { output: { isError: true, content: [{ text: 'No such [redacted:token]. Choices: a.' }] } },
    })
  })

  it('cuts a secret that it lent out of the result', async () => {
    const { run } = setUp(async (_, host) =>
      value({ n: 1, said: await host.secret('KEY'), none: await host.secret('OTHER') }),
    )
    expect(await run()).toMatchObject({
      value: { output: { structuredContent: { said: '[redacted:token]', none: null } } },
    })
  })

  it('ends the host with the call: late requests, secrets and progress reach nothing', async () => {
    let kept: ToolHostApi | undefined
    const { run, asked, progress } = setUp(async (_, host) => {
      kept = host
      await host.progress(1, 2, 'half')
      return value({ n: 1 })
    })
    await run()
    await kept?.progress(2)
    expect(await kept?.request({ method: 'GET', path: '/' })).toMatchObject({ ok: false, code: 'call_over' })
    expect(await kept?.secret('KEY')).toBeNull()
    expect(await kept?.stopped()).toBe(false)
    expect(asked).toEqual([])
    expect(progress).toEqual([{ progress: 1, total: 2, message: 'half' }])
  })

  it('gives up when it takes too long, unless there is progress, and when the caller cancels', async () => {
    let stopped: Promise<boolean> | undefined
    const late = setUp(
      (_, host) => {
        stopped = host.stopped()
        return never
      },
      { timeoutMs: 20 },
    )
    expect(await late.run()).toMatchObject({ error: { code: 'egress/timeout' } })
    expect(await stopped).toBe(true)
    const alive = setUp(
      async (_, host) => {
        for (let i = 0; i < 6; i++) {
          await new Promise((resolve) => setTimeout(resolve, 80))
          await host.progress(i)
        }
        return value({ n: 1 })
      },
      { timeoutMs: 400 },
    )
    expect(await alive.run()).toMatchObject({ ok: true })
    const abort = new AbortController()
    const cancelled = setUp(() => never, { abort }).run()
    abort.abort()
    expect(await cancelled).toMatchObject({ error: { code: 'runtime/cancelled' } })
  })

  it('says what the vault said when a request was refused for our reasons', async () => {
    const refusal = { code: 'vault/authorization_needed', help: { url: 'https://behalf.test/connect/x' } } as const
    const serve = async (_: unknown, host: ToolHostApi) => {
      const reply = await host.request({ method: 'GET', path: '/' })
      return reply.ok || !reply.ours ? value({ n: 1 }) : { kind: 'host_refused' }
    }
    const { run } = setUp(serve, { fail: new ProviderError(0, null, { refusal }) })
    expect(await run()).toEqual({ ok: false, error: refusal })
  })

  it('checks what a tool Worker asks for, and how often', async () => {
    const bad = [
      { method: 'TRACE', path: '/' },
      { method: 'GET', path: '/', headers: { Authorization: 'x' } },
      { method: 'GET', path: '/', headers: { 'CF-Connecting-IP': '1' } },
      { method: 'GET', path: '/', headers: { 'x\r\ny': '1' } },
      { method: 'GET', path: '/', token: 1 },
      null,
    ]
    const { run, asked } = setUp(async (_, host) => {
      for (const one of bad) expect(await host.request(one as never)).toMatchObject({ ok: false, code: 'not_allowed' })
      let refused = 0
      for (let i = 0; i < 250; i++) if (!(await host.request({ method: 'GET', path: '/' })).ok) refused++
      return value({ n: refused })
    })
    expect(await run()).toMatchObject({ value: { output: { structuredContent: { n: 56 } } } })
    expect(asked).toHaveLength(194)
  })
})
