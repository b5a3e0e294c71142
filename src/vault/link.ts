import { z } from 'zod'
import type { Bytes } from '../core/bytes.ts'
import { randomToken } from '../core/ids.ts'
import { openState, sealState } from '../core/state.ts'
import type { Owner } from './envelope.ts'

/**
 * What a connect link and an OAuth `state` carry: 256 random bits, and which vault knows them. Sealed, so that it tells
 * nobody for whom it is and cannot be altered; a made-up or old one is refused before any vault is asked.
 */
export type LinkContent = Owner & { nonce: string }
export type LinkKind = 'connect' | 'state'

/** A link, its ticket, and the state of an attempt live this long. */
export const connectLinkMs = 10 * 60_000

const purposes = { connect: 'connect link', state: 'connect state' } as const
const content = z.object({ project: z.string(), user: z.string(), nonce: z.string() })

export async function makeLink(
  stateKey: Bytes,
  kind: LinkKind,
  { project, user }: Owner,
  now: number,
): Promise<{ link: string; nonce: string }> {
  const nonce = randomToken()
  return { link: await sealState(stateKey, purposes[kind], { project, user, nonce }, now + connectLinkMs), nonce }
}

export async function readLink(
  stateKey: Bytes,
  kind: LinkKind,
  link: string,
  now: number,
): Promise<LinkContent | null> {
  if (link.length > 1_000) return null
  const read = content.safeParse(await openState(stateKey, purposes[kind], link, now))
  return read.success ? read.data : null
}
