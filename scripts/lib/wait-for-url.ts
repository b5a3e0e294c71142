import { setTimeout as sleep } from 'node:timers/promises'
import type { Child } from './children.ts'
import { Stop } from './stop.ts'

export type WaitOptions = {
  timeoutMs?: number
  /** Give up at once when this process, which is to serve the URL, has ended. */
  child?: Child
  /** Is this the answer waited for? Any answer, by default. */
  accept?: (response: Response) => boolean
}

/** Resolves when the URL answers. Throws Stop when it does not in time or its server has ended, with that one's last lines. */
export async function waitForUrl(url: string, options: WaitOptions = {}): Promise<void> {
  const { timeoutMs = 30_000, child, accept = () => true } = options
  const deadline = Date.now() + timeoutMs
  const name = child?.name ?? url
  let last = 'no connection'
  let ended = false
  void child?.ended.then(() => (ended = true))

  for (;;) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(5_000), redirect: 'manual' })
      await response.body?.cancel()
      if (accept(response)) return
      last = `status ${response.status}`
    } catch {
      last = 'no connection'
    }
    if (ended) throw new Stop(`${name} ended before it answered.\n${child?.lastLines() ?? ''}`.trim())
    if (Date.now() > deadline) {
      throw new Stop(
        `${name} did not answer at ${url} within ${timeoutMs / 1000} s (${last}).\n${child?.lastLines() ?? ''}`.trim(),
      )
    }
    await sleep(100)
  }
}
