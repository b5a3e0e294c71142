import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import { CallNotices, mostEntries, mostProgress } from '../../src/runtime/call-notices.ts'
import type { ToolCall } from '../../src/runtime/runtime.ts'
import { callOf } from '../support/runtime.ts'

beforeEach(() => void vi.useFakeTimers({ now: 1_800_000_000_000 }))
afterEach(() => void vi.useRealTimers())

function heard(more: Partial<ToolCall> = {}) {
  const progress: number[] = []
  const log: JsonObject[] = []
  const call: ToolCall = {
    ...callOf('Test_Echo'),
    onProgress: (one) => void progress.push(one.progress),
    onLog: (entry) => void log.push(entry),
    ...more,
  }
  return { notices: new CallNotices(call, Date.now), progress, log }
}

describe('what a tool says before its answer', () => {
  it('arrives whole and at once at an ordinary rate', () => {
    const { notices, progress, log } = heard()
    for (let n = 1; n <= 300; n++) {
      notices.watched.onProgress?.({ progress: n })
      notices.watched.onLog?.({ level: 'info', data: n })
      vi.advanceTimersByTime(25)
    }
    expect([progress.length, log.length]).toEqual([300, 300])
    expect(notices.end()).toBe(0)
    expect(log).toHaveLength(300)
  })

  it('is kept to its rate when it floods; the last progress arrives, and the rest is counted', () => {
    const { notices, progress, log } = heard()
    for (let n = 1; n <= 5_000; n++) {
      notices.watched.onProgress?.({ progress: n })
      notices.watched.onLog?.({ level: 'info', data: n })
    }
    expect([progress.length, log.length]).toEqual([mostProgress, mostEntries])
    expect(notices.end()).toBe(5_000 - mostEntries + (5_000 - mostProgress - 1))
    expect(progress.at(-1)).toBe(5_000)
    expect(log.at(-1)).toEqual({
      level: 'warning',
      logger: 'gateway',
      data: `${5_000 - mostEntries} log entries were left out.`,
    })
  })

  it('shows where it stands soon after a burst, though the answer takes long', () => {
    const { notices, progress } = heard()
    for (let n = 1; n <= 200; n++) notices.watched.onProgress?.({ progress: n })
    vi.advanceTimersByTime(1_000)
    expect(progress.at(-1)).toBe(200)
    vi.advanceTimersByTime(60_000)
    expect(progress).toHaveLength(mostProgress + 1)
    notices.end()
    expect(progress).toHaveLength(mostProgress + 1)
  })

  it('leaves out what is below the level, and what is too long or no log entry', () => {
    const { notices, log } = heard({ logLevel: 'warning' })
    notices.watched.onLog?.({ level: 'info', data: 'quiet' })
    notices.watched.onLog?.({ level: 'error', data: 'x'.repeat(20_000), logger: 'l'.repeat(500), _meta: { a: 1 } })
    notices.watched.onLog?.({ level: 'loud', data: 'unknown level' })
    expect(log).toEqual([{ level: 'error', logger: 'l'.repeat(100), data: '[left out by the gateway]' }])
    notices.end()
  })
})
