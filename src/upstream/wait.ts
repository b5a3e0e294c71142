import { after } from '../core/timer.ts'

/** Resolves after so long, or as soon as nobody waits any more. */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const disarm = after(ms, () => {
      signal.removeEventListener('abort', stop)
      resolve()
    })
    const stop = (): void => (disarm(), resolve())
    signal.addEventListener('abort', stop, { once: true })
  })
}
