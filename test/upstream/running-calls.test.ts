import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import { ok } from '../../src/core/result.ts'
import { SharedTimer } from '../../src/core/timer.ts'
import { RunningCalls } from '../../src/upstream/running-calls.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const question = (message: string): JsonObject => ({ method: 'elicitation/create', params: { message } })
const answerOf = (text: string): JsonObject => ({ action: 'accept', content: { text } })
const done = ok({ kind: 'result' as const, result: { content: [] } })
const aMinute = 60_000

it('gives no question the key of another that still waits', async () => {
  const call = new RunningCalls(new SharedTimer()).begin()
  const first = call.ask(question('First?'))
  const second = call.ask(question('Second?'))
  expect(await call.next(aMinute)).toMatchObject({ value: { requests: { ask_1: question('First?') } } })
  call.answer({ ask_1: answerOf('one') })
  expect(await first).toEqual(answerOf('one'))
  const third = call.ask(question('Third?'))
  expect(await call.next(aMinute)).toMatchObject({
    value: { requests: { ask_2: question('Second?'), ask_3: question('Third?') } },
  })
  call.answer({ ask_2: answerOf('two'), ask_3: answerOf('three'), ask_1: answerOf('again') })
  expect([await second, await third]).toEqual([answerOf('two'), answerOf('three')])
})

it('answers everybody who waits for it: a client may send its answer twice', async () => {
  const call = new RunningCalls(new SharedTimer()).begin()
  const legs = [call.next(aMinute), call.next(aMinute)]
  call.settle(done)
  expect(await Promise.all(legs)).toEqual([done, done])
})

it('keeps an outcome that came while nobody waited, until it is too late to ask for it', async () => {
  const calls = new RunningCalls(new SharedTimer())
  const call = calls.begin()
  void call.ask(question('Still there?')).catch(() => {})
  await call.next(aMinute)
  call.settle(done)
  vi.advanceTimersByTime(9 * aMinute)
  expect(await calls.get(call.id)?.next(aMinute)).toEqual(done)
})

it.each(['and the server waits', 'and the server went on without'])(
  'is forgotten when nobody came back for ten minutes, %s',
  async (how) => {
    const calls = new RunningCalls(new SharedTimer())
    const call = calls.begin()
    const asked = call.ask(question('Still there?')).catch(() => 'refused')
    await call.next(aMinute)
    if (how.endsWith('without')) call.settle(done)
    vi.advanceTimersByTime(10 * aMinute)
    expect(calls).toMatchObject({ some: false })
    expect(await asked).toBe('refused')
    expect(vi.getTimerCount()).toBe(0)
  },
)
