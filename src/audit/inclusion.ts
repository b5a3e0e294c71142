import { base64 } from '../core/bytes.ts'
import type { Inclusion } from './ledger-api.ts'
import type { Tiles } from './tree.ts'
import { inclusionProof, leafHashes } from './tree.ts'

/** The proof that a leaf is in the tree of a signed head, as a reader gets it. Null: the tree does not hold it. */
export function inclusionOf(tiles: Tiles, ledger: string, sequence: number, checkpoint: string): Inclusion | null {
  const size = Number(checkpoint.split('\n')[1])
  const [leafHash] = leafHashes(tiles, sequence, sequence + 1)
  if (leafHash === undefined) return null
  const proof = inclusionProof(tiles, sequence, size).map(base64)
  return { ledger, sequence, size, leafHash: base64(leafHash), proof, checkpoint }
}
