import { z } from 'zod'

/**
 * A ledger export: one JSON value a line. A header, the records in order, and each signed head right behind the last
 * record it covers. docs/audit.md describes it for those who write their own verifier.
 */
const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/)

export const header = z.object({
  behalf: z.literal('ledger-export'),
  version: z.literal(1),
  origin: z.string(),
  /** Which key signed the heads, in the form of c2sp.org/signed-note. Trust it only when you know it from elsewhere. */
  verifier: z.string(),
  /** Sequence of the first record, and the complete subtrees before it. */
  from: z.int().nonnegative(),
  prefix: z.array(base64),
})

export const record = z.object({
  sequence: z.int().nonnegative(),
  /** SHA-256(0x00 ‖ leaf), as the Ledger's tree holds it. */
  hash: base64,
  /** The leaf's text, byte for byte. Absent when the store no longer has the record: its hash still holds the tree. */
  leaf: z.string().optional(),
  /** Absent: none, or it was not asked for, or the person was erased. */
  payload: z.object({ nonce: z.string(), value: z.record(z.string(), z.json()) }).optional(),
  /** The payload as it is stored, when the export is an archive. */
  sealed: z.string().optional(),
})

export const head = z.object({ checkpoint: z.string() })
export const end = z.object({ end: z.int().nonnegative() })

export const line = z.union([record, head, end])

export type ExportHeader = z.infer<typeof header>
export type ExportRecord = z.infer<typeof record>
export type ExportLine = z.infer<typeof line>
