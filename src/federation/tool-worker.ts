import { workerListingSchema } from '../catalog/catalog.ts'
import type { JsonObject } from '../core/json.ts'
import { jsonOf } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { after } from '../core/timer.ts'
import { toolWorkerBinding, toolWorkerOf } from '../core/tool-worker.ts'
import type { Listing } from './listing.ts'
import type { FederationUse } from './use.ts'

const patienceMs = 10_000
const maxLength = 5_000_000
const silent =
  'The Worker behind the service binding does not answer. Is it deployed (locally: is it running), and is the entrypoint right?'
const strange =
  'The Worker behind the service binding does not say which tools it has. Is it made with the kit of this release?'

/** What a tool Worker says it has. Errors: `core/bad_request` (no such binding), `upstream/unavailable`, `upstream/failed`. */
export async function listToolWorker(
  url: string,
  { env, now }: Pick<FederationUse, 'env' | 'now'>,
): Promise<Result<Listing>> {
  const worker = toolWorkerOf(env, url)
  if (!worker) {
    const message = `This deployment has no service binding ${toolWorkerBinding(url)}. Add it to wrangler.toml and deploy.`
    return refuse('core/bad_request', { message })
  }
  const answer = await inTime(worker.describeTools())
  if (!answer.ok) return answer
  const listing = workerListingSchema.safeParse(answer.value)
  if (!listing.success) {
    const fault = listing.error.issues[0]
    return refuse('upstream/failed', {
      message: strange,
      evidence: { fault: 'listing', path: fault?.path.join('.'), why: fault?.message },
    })
  }
  const { title, tools } = listing.data
  const discovered = { transport: 'http', era: 'modern', capabilities: {}, serverName: title, at: now() } as const
  return ok({ discovered, listed: { tool: tools as unknown as JsonObject[] } })
}

async function inTime(described: Promise<unknown>): Promise<Result<unknown>> {
  const { promise, resolve } = Promise.withResolvers<Result<unknown>>()
  const disarm = after(patienceMs, () =>
    resolve(refuse('upstream/unavailable', { message: silent, evidence: { fault: 'timeout' } })),
  )
  described.then(
    (value) => resolve(listing(value)),
    (cause: unknown) =>
      resolve(refuse('upstream/unavailable', { message: silent, evidence: { reason: String(cause).slice(0, 500) } })),
  )
  const answer = await promise
  disarm()
  return answer
}

function listing(value: unknown): Result<unknown> {
  const json = jsonOf(value, maxLength)
  return json === undefined ? refuse('upstream/failed', { message: strange, evidence: { fault: 'listing' } }) : ok(json)
}
