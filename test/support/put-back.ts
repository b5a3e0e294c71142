import { afterAll, vi } from 'vitest'

/** Files share a process: what one of them put in the place of something is not what the next one finds there. */
afterAll(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})
