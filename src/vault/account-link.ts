import { z } from 'zod'
import type { Bytes } from '../core/bytes.ts'
import { openState, sealState } from '../core/state.ts'
import { connectLinkMs } from './link.ts'

/**
 * What a person may do with an account of theirs at this link, and who showed it to them. Knowing the link is no right: the person
 * signs in.
 */
export type AccountLink = {
  wants: 'disconnect' | 'default'
  project: string
  user: string
  connection: string
  label: string
  agent: { name: string; host: string | null }
}

const purpose = 'account link'
const shape = z.object({
  wants: z.enum(['disconnect', 'default']),
  project: z.string(),
  user: z.string(),
  connection: z.string(),
  label: z.string(),
  agent: z.object({ name: z.string(), host: z.string().nullable() }),
})

export const accountPaths = { disconnect: '/disconnect', default: '/connect/default' } as const

/** A link on our own origin, good for ten minutes. */
export async function makeAccountLink(
  { stateKey, publicUrl }: { stateKey: Bytes; publicUrl: string },
  link: AccountLink,
  now: number,
): Promise<string> {
  return `${publicUrl}${accountPaths[link.wants]}/${await sealState(stateKey, purpose, link, now + connectLinkMs)}`
}

/** Null: not ours, altered, too old, or for something else. */
export async function readAccountLink(
  stateKey: Bytes,
  wants: AccountLink['wants'],
  link: string,
  now: number,
): Promise<AccountLink | null> {
  if (link.length > 4_000) return null
  const read = shape.safeParse(await openState(stateKey, purpose, link, now))
  return read.success && read.data.wants === wants ? read.data : null
}
