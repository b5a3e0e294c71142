import { z } from 'zod'
import type { Bytes } from '../core/bytes.ts'
import { openState, sealState } from '../core/state.ts'
import { connectLinkMs } from './link.ts'

/** Which account a person may take back at this link, and who showed it to them. Knowing the link is no right: the person signs in. */
export type DisconnectLink = {
  project: string
  user: string
  connection: string
  label: string
  agent: { name: string; host: string | null }
}

const purpose = 'disconnect link'
const shape = z.object({
  project: z.string(),
  user: z.string(),
  connection: z.string(),
  label: z.string(),
  agent: z.object({ name: z.string(), host: z.string().nullable() }),
})

/** A link on our own origin, good for ten minutes. */
export async function makeDisconnectLink(
  { stateKey, publicUrl }: { stateKey: Bytes; publicUrl: string },
  link: DisconnectLink,
  now: number,
): Promise<string> {
  return `${publicUrl}/disconnect/${await sealState(stateKey, purpose, link, now + connectLinkMs)}`
}

/** Null: not ours, altered or too old. */
export async function readDisconnectLink(stateKey: Bytes, link: string, now: number): Promise<DisconnectLink | null> {
  if (link.length > 4_000) return null
  const read = shape.safeParse(await openState(stateKey, purpose, link, now))
  return read.success ? read.data : null
}
