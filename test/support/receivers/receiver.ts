import { gunzipSync } from 'node:zlib'

/** A receiver as a plain handler: a test calls it directly, the chaos run puts it behind a port. */
export type Receiver = {
  handle(request: Request): Promise<Response>
  /** Ids of the events it holds, in the order they came, repetitions among them. */
  ids(): string[]
}

/** The next answers of a receiver in trouble; then it works. */
export class Trouble {
  readonly #answers: (() => Response)[] = []
  next(...answers: (() => Response)[]): void {
    this.#answers.push(...answers)
  }
  take(): Response | null {
    return this.#answers.shift()?.() ?? null
  }
}

export async function bodyOf(request: Request): Promise<Buffer> {
  const bytes = Buffer.from(await request.arrayBuffer())
  const encoding = request.headers.get('content-encoding')
  if (encoding === null) return bytes
  if (encoding !== 'gzip') throw new Refusal(415, `content-encoding ${encoding}`)
  return gunzipSync(bytes)
}

/** Thrown inside a receiver for what its documentation does not allow. */
export class Refusal extends Error {
  readonly status: number
  readonly body: unknown
  constructor(status: number, body: unknown) {
    super(`${status} ${JSON.stringify(body)}`)
    this.status = status
    this.body = body
  }
}

export function must(condition: unknown, status: number, body: unknown): asserts condition {
  if (!condition) throw new Refusal(status, body)
}

export const json = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } })

/** Turns refusals into answers. */
export async function answering(work: () => Promise<Response>): Promise<Response> {
  try {
    return await work()
  } catch (fault) {
    if (fault instanceof Refusal) return json(fault.status, fault.body)
    throw fault
  }
}
