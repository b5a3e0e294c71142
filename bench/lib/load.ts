import { Agent, request } from 'node:http'

/** One kind of request, and how it is sent. */
export type Shot = { url: URL; headers: Record<string, string>; body: string }

const agent = new Agent({ keepAlive: true, maxSockets: 256 })

/** Sends one and reads the whole answer. Throws when it is not a 200 or says something else than `expected`. */
export function fire({ url, headers, body }: Shot, expected: string): Promise<void> {
  return new Promise((done, fail) => {
    const all = { ...headers, 'content-length': `${Buffer.byteLength(body)}` }
    const sent = request(
      { host: url.hostname, port: url.port, path: url.pathname, method: 'POST', agent, headers: all },
      (answer) => {
        const parts: Buffer[] = []
        // A server that dies in the middle of an answer ends the request here, and nowhere else.
        answer.on('error', fail)
        answer.on('data', (part: Buffer) => parts.push(part))
        answer.on('end', () => {
          const text = Buffer.concat(parts).toString()
          if (answer.statusCode === 200 && text.includes(expected)) done()
          else fail(new Error(`${answer.statusCode}: ${text.slice(0, 500)}`))
        })
      },
    )
    sent.on('error', fail)
    sent.end(body)
  })
}

/** Times `count` requests one after the other, in ms. */
export async function timeEach(count: number, shot: () => Promise<void>): Promise<number[]> {
  const times: number[] = []
  for (let n = 0; n < count; n++) {
    const at = performance.now()
    await shot()
    times.push(performance.now() - at)
  }
  return times
}

/** Requests per second with `callers` at once, for `ms`. */
export async function perSecond(callers: number, ms: number, shot: (caller: number) => Promise<void>): Promise<number> {
  const from = performance.now()
  let done = 0
  await Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      while (performance.now() - from < ms) {
        await shot(caller)
        done++
      }
    }),
  )
  return (done / (performance.now() - from)) * 1000
}

export function percentile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
