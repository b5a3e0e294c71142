import { hex, lengthPrefixed, sha256 } from '../core/bytes.ts'
import type { AgentId, ProjectId } from '../core/ids.ts'
import { logFault } from '../core/log.ts'
import { Remembered } from '../core/remembered.ts'
import type { IdentityDeps } from './deps.ts'
import { identityEvent } from './events.ts'

type Used = { id: string; kind: 'app' | 'admin'; project: ProjectId; agent: AgentId | null; prefix: string }

const dayMs = 86_400_000
const told = new Remembered<true>(10_000)

/**
 * The first use of a key on a day (UTC), once however many isolates see one: the event's id is made of the key and the day,
 * and the Ledger takes an id once. What a key does beyond that is recorded call by call and change by change.
 * Use does not fail because it could not be recorded: the next one tries again.
 */
export async function recordKeyUse(key: Used, { record, now }: Pick<IdentityDeps, 'record' | 'now'>): Promise<void> {
  const at = now()
  const day = Math.floor(at / dayMs)
  const use = JSON.stringify([key.project, key.id, day])
  if (told.get(use)) return
  const attributes = { key: key.id, kind: key.kind, prefix: key.prefix }
  const who = { project: key.project, ...(key.agent === null ? { user: `key:${key.id}` } : { agent: key.agent }) }
  try {
    await record([
      { ...identityEvent('identity.key_used', who, at, attributes), id: await idOf(day * dayMs, key.project, key.id) },
    ])
    told.set(use, true)
  } catch (cause) {
    logFault('identity.not_recorded', cause, { key: key.id })
  }
}

/** A UUIDv7 of that time whose random part is a hash: the same for the same key and day. */
async function idOf(at: number, ...of: string[]): Promise<string> {
  const time = at.toString(16).padStart(12, '0')
  const rest = hex(await sha256(lengthPrefixed('key used 1', `${at}`, ...of)))
  return `${time.slice(0, 8)}-${time.slice(8)}-7${rest.slice(0, 3)}-8${rest.slice(3, 6)}-${rest.slice(6, 18)}`
}
