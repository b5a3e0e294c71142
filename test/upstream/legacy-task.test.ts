import { afterEach, expect, test } from 'vitest'
import type { Progress } from '../../src/core/call.ts'
import type { UpstreamRequest } from '../../src/upstream/upstream.ts'
import type { TaskTool } from '../support/task-only-server.ts'
import { startTaskOnlyServer } from '../support/task-only-server.ts'
import { upstreamsOfASession } from '../support/upstreams-of-a-session.ts'

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

const credential = { key: 'none', headers: {} }
const capabilities = { elicitation: { form: {} } }

async function start(tools: Record<string, TaskTool>) {
  const server = await startTaskOnlyServer(tools)
  const upstreams = upstreamsOfASession()
  cleanups.push(
    () => server.close(),
    () => upstreams.close(),
  )
  const target = { id: 'tasks', url: server.mcp, discovered: null, timeoutMs: 20_000 }
  const call = (name: string, more: Partial<UpstreamRequest> = {}) => {
    const params = { name, arguments: {} }
    return upstreams.request(target, { method: 'tools/call', params, credential, capabilities, asTask: true, ...more })
  }
  return { server, call }
}

const said = (text: string) => ({ ok: true, value: { kind: 'result', result: { content: [{ type: 'text', text }] } } })

test('a tool that runs as a task only is a call like any other', async () => {
  const { server, call } = await start({ slow: () => Promise.resolve('done') })
  expect(await call('slow')).toMatchObject(said('done'))
  // How often it is asked how far it is, is a matter of time.
  expect(new Set(server.asked)).toEqual(new Set(['tools/call as a task', 'tasks/get', 'tasks/result']))
})

test('what runs otherwise is called as ever', async () => {
  const { server, call } = await start({})
  expect(await call('plain', { asTask: false })).toMatchObject(said('at once'))
  expect(server.asked).toEqual(['tools/call'])
})

test('the message of a task is the progress of the call', async () => {
  const heard: Progress[] = []
  const over = Promise.withResolvers<string>()
  const { call } = await start({
    slow: async ({ say }) => {
      await say('Half way')
      return over.promise
    },
  })
  const onProgress = (progress: Progress): void => {
    heard.push(progress)
    over.resolve('done')
  }
  expect(await call('slow', { onProgress })).toMatchObject(said('done'))
  expect(heard[0]).toEqual({ progress: 1, message: 'Half way' })
})

test('the question of a task is the question of the call', async () => {
  const { call } = await start({ asks: ({ elicit }) => elicit('Which one?') })
  const asked = await call('asks')
  if (!asked.ok || asked.value.kind !== 'input_required') throw new Error('it did not ask')
  const { requests, state } = asked.value
  expect(Object.values(requests)).toMatchObject([{ method: 'elicitation/create', params: { message: 'Which one?' } }])
  // Its own name for the task is not for our client.
  expect(JSON.stringify(requests)).not.toContain('related-task')
  const answer = { action: 'accept', content: { text: 'this' } }
  const responses = Object.fromEntries(Object.keys(requests).map((key) => [key, answer]))
  expect(await call('asks', { resume: { responses, state } })).toMatchObject(said('accept this'))
})

test('a task that fails is a tool that failed', async () => {
  const { call } = await start({ fails: () => Promise.reject(new Error('no luck')) })
  const reply = await call('fails')
  expect(reply).toMatchObject({ value: { result: { isError: true, content: [{ text: 'no luck' }] } } })
})

test('whoever cancels the call cancels the task', async () => {
  const begun = Promise.withResolvers<void>()
  const { server, call } = await start({
    endless: () => {
      begun.resolve()
      return new Promise(() => {})
    },
  })
  const abort = new AbortController()
  const reply = call('endless', { signal: abort.signal })
  await begun.promise
  // Until the server's word that it has made a task has come back, there is nothing to cancel.
  await expect.poll(() => server.asked.includes('tasks/get')).toBe(true)
  abort.abort()
  expect(await reply).toMatchObject({ error: { code: 'runtime/cancelled' } })
  await server.cancelled
})
