import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SharedTimer } from '../../src/core/timer.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

test('runs each on time, whatever the order they were asked in', () => {
  const timer = new SharedTimer()
  const ran: [string, number][] = []
  const from = performance.now()
  for (const ms of [30_000, 20, 2_500, 1_000, 0]) {
    timer.after(ms, () => ran.push([`${ms}`, performance.now() - from]))
  }
  vi.advanceTimersByTime(29_999)
  expect(ran).toEqual([
    ['0', 0],
    ['20', 20],
    ['1000', 1_000],
    ['2500', 2_500],
  ])
  vi.advanceTimersByTime(1)
  expect(ran.at(-1)).toEqual(['30000', 30_000])
})

test('runs nothing that was called off, and nothing twice', () => {
  const timer = new SharedTimer()
  const run = vi.fn<() => void>()
  const stop = timer.after(500, run)
  timer.after(400, () => stop())
  const once = timer.after(600, run)
  vi.advanceTimersByTime(10_000)
  once()
  expect(run).toHaveBeenCalledOnce()
})

test('sets one platform timer for many waits, and none for longer than a second after the last was called off', () => {
  const set = vi.spyOn(globalThis, 'setTimeout')
  const timer = new SharedTimer()
  for (let n = 0; n < 100; n++) timer.after(30_000, () => {})()
  expect(set).toHaveBeenCalledOnce()
  vi.advanceTimersByTime(1_000)
  expect(vi.getTimerCount()).toBe(0)
})

test('wakes seldom where somebody waits for long', () => {
  const set = vi.spyOn(globalThis, 'setTimeout')
  const run = vi.fn<() => void>()
  new SharedTimer().after(600_000, run)
  vi.advanceTimersByTime(600_000)
  expect(run).toHaveBeenCalledOnce()
  expect(set.mock.calls.length).toBeLessThan(15)
})

test('one that is asked for by another that runs is not lost', () => {
  const timer = new SharedTimer()
  const run = vi.fn<() => void>()
  timer.after(10, () => timer.after(10, run))
  vi.advanceTimersByTime(20)
  expect(run).toHaveBeenCalledOnce()
})

test('a fault in one does not keep the others from running', () => {
  const timer = new SharedTimer()
  const run = vi.fn<() => void>()
  timer.after(10, () => {
    throw new Error('its own')
  })
  timer.after(10, run)
  timer.after(20, run)
  expect(() => vi.advanceTimersByTime(10)).toThrow('its own')
  vi.advanceTimersByTime(1_000)
  expect(run).toHaveBeenCalledTimes(2)
})
