import { expect, test } from 'vitest'
import { z } from 'zod'
import type { ToolHostApi, WorkerCall } from '../../src/core/tool-worker.ts'
import { defineTool } from '../../src/toolkits/kit/define-tool.ts'
import { ToolError } from '../../src/toolkits/kit/errors.ts'
import { listingOf, serveCall } from '../../src/toolkits/kit/serve-tool.ts'

const reads = { operation: 'read', destructive: false, idempotent: true, openWorld: false } as const
const never = new Promise<never>(() => {})

function toolkit(more: { description?: string; scopes?: string[]; run?: () => Promise<unknown> } = {}) {
  const tool = defineTool({
    name: 'Do',
    title: 'Do it',
    description: more.description ?? 'Does it.',
    input: z.object({ n: z.int().min(1).default(3) }),
    behaviour: reads,
    scopes: more.scopes ?? [],
    run: more.run ?? (async ({ n }) => ({ n })),
  })
  return { name: 'Acme', title: 'Acme', provider: 'github', tools: [tool] }
}

const host = (more: Partial<ToolHostApi> = {}): ToolHostApi => ({
  request: async () => ({ ok: false, status: 0, code: 'call_over', ours: false }),
  secret: async () => null,
  progress: async () => {},
  stopped: () => never,
  ...more,
})

async function call(kit: ReturnType<typeof toolkit>, more: Partial<WorkerCall> = {}, by = host()) {
  const [tool] = (await listingOf(toolkit())).tools
  const given = { tool: 'Do', revision: tool?.revision ?? '', arguments: {}, callId: 'c', now: 0, timeoutMs: 1_000 }
  return serveCall(kit, { ...given, user: { name: 'Alice', email: null }, ...more }, by)
}

test('what was admitted runs; another contract does not, and other words are the same one', async () => {
  expect(await call(toolkit())).toEqual({ kind: 'value', value: { n: 3 } })
  expect(await call(toolkit({ description: 'Does it well.' }))).toMatchObject({ kind: 'value' })
  expect(await call(toolkit({ scopes: ['repo'] }))).toEqual({ kind: 'changed' })
  expect(await call(toolkit(), { revision: 'other' })).toEqual({ kind: 'changed' })
  expect(await call(toolkit(), { tool: 'Other' })).toEqual({ kind: 'unknown_tool' })
})

test('arguments are checked again where they are used', async () => {
  for (const args of [{ n: 0 }, { n: 'x' }, { n: 1, more: 1 }]) {
    expect(await call(toolkit(), { arguments: args })).toMatchObject({ kind: 'error', error: { kind: 'bad_input' } })
  }
})

test('what goes wrong is a value with its kind, and a bug is not explained to the model', async () => {
  const failing = (cause: Error) => call(toolkit({ run: () => Promise.reject(cause) }))
  expect(await failing(new ToolError('not_found', 'No.', { choices: ['a'] }))).toEqual({
    kind: 'error',
    error: { kind: 'not_found', message: 'No.', choices: ['a'] },
  })
  expect(await failing(new TypeError('boom'))).toEqual({ kind: 'bug', cause: 'TypeError: boom' })
})

test('a tool is told when its call was stopped', async () => {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const started = Promise.withResolvers<void>()
  const tool = defineTool({
    name: 'Do',
    title: 'Do it',
    description: 'Does it.',
    input: z.object({ n: z.int().min(1).default(3) }),
    behaviour: reads,
    run: (_, { signal }) =>
      new Promise((done) => {
        started.resolve()
        signal.addEventListener('abort', () => done({ stopped: true }))
      }),
  })
  const served = call({ ...toolkit(), tools: [tool] }, {}, host({ stopped: () => promise }))
  await started.promise
  resolve(true)
  expect(await served).toEqual({ kind: 'value', value: { stopped: true } })
})
