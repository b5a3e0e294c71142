import type { Config } from '../config/config.ts'
import type { Bytes } from '../core/bytes.ts'
import { base64, fromBase64 } from '../core/bytes.ts'
import { ledgerName } from './ledger-name.ts'
import type { Signer } from './note.ts'
import { createSigner, openNote } from './note.ts'

/** A tree head (c2sp.org/tlog-checkpoint): whose, how large, which root. */
export type Checkpoint = { origin: string; size: number; root: Bytes }

/** Names one ledger of one deployment, and its key. */
export function ledgerOrigin(config: Pick<Config, 'publicUrl'>, project: string, shard = 0): string {
  const place = ledgerName(project, shard).split('/').map(encodeURIComponent).join('/')
  return `${new URL(config.publicUrl).host}/ledger/${place}`
}

export function ledgerSigner(
  config: Pick<Config, 'publicUrl' | 'ledgerKey'>,
  project: string,
  shard = 0,
): Promise<Signer> {
  return createSigner(ledgerOrigin(config, project, shard), config.ledgerKey)
}

export function signCheckpoint(signer: Signer, size: number, root: Uint8Array): Promise<string> {
  return signer.sign(`${signer.name}\n${size}\n${base64(root)}\n`)
}

/** Null when the note is not signed with this key or does not say what a checkpoint says. */
export async function openCheckpoint(note: string, verifier: string): Promise<Checkpoint | null> {
  const text = await openNote(note, verifier)
  const [, origin, size, root] = /^(.+)\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n/.exec(text ?? '') ?? []
  if (origin === undefined || size === undefined || root === undefined) return null
  // The same key may sign another ledger's head: the origin has to be the one the key is named after.
  if (origin !== verifier.trim().split('+')[0]) return null
  return { origin, size: Number(size), root: fromBase64(root) }
}
