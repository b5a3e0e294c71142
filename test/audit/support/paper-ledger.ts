import { base64 } from '../../../src/core/bytes.ts'
import type { LedgerApi } from '../../../src/audit/ledger-api.ts'
import type { StoredRow } from '../../../src/audit/export-ledger.ts'
import { ledgerSigner, signCheckpoint } from '../../../src/audit/checkpoint.ts'
import type { OpenPayload } from '../../../src/audit/leaf.ts'
import { commitmentOf, leafHashOf, leafText, noncedPayload, openPayload } from '../../../src/audit/leaf.ts'
import type { Tiles } from '../../../src/audit/tree.ts'
import { appendLeaves, leafHashes, peaks, rootOf } from '../../../src/audit/tree.ts'

export const paperConfig = { publicUrl: 'https://behalf.test', ledgerKey: new Uint8Array(32).fill(3) }

/** A ledger in memory with the real tree, leaves and signatures: for tests of what reads exports. */
export async function paperLedger(count: number, headEvery = 10) {
  const store = new Map<string, Uint8Array>()
  const tiles: Tiles = {
    read: (level, index) => store.get(`${level}/${index}`),
    write: (level, index, hashes) => void store.set(`${level}/${index}`, hashes),
  }
  const signer = await ledgerSigner(paperConfig, 'acme')
  const rows: StoredRow[] = []
  const opened = new Map<string, OpenPayload>()
  const heads = new Map<number, string>()
  for (let sequence = 0; sequence < count; sequence++) {
    const nonced = noncedPayload(`{"note":"payload ${sequence}","rate":0.0000015}`)
    const head = `{"at":${1_800_000_000_000 + sequence},"id":"e${sequence}","project":"acme","type":"tool.intent"}`
    const leaf = leafText(head, 1_800_000_000_000 + sequence, await commitmentOf(nonced))
    appendLeaves(tiles, sequence, [await leafHashOf(leaf)])
    opened.set(`e${sequence}`, openPayload(nonced))
    rows.push({ sequence, id: `e${sequence}`, user: 'u', leaf, payload: 'sealed' })
    if ((sequence + 1) % headEvery === 0 || sequence + 1 === count) {
      heads.set(sequence + 1, await signCheckpoint(signer, sequence + 1, rootOf(tiles, sequence + 1)))
    }
  }
  const ledger = {
    checkpoint: async () => heads.get(count) ?? null,
    settle: async () => ({ size: count, verifier: signer.verifier, expiredUpTo: 0 }),
    prefix: async (size: number) => peaks(tiles, size).map(base64),
    leafHashes: async (from: number, to: number) => leafHashes(tiles, from, Math.min(to, count)).map(base64),
    checkpoints: async (from: number, to: number) =>
      [...heads].filter(([size]) => size > from && size <= to).map(([, note]) => note),
    open: async (payloads: { event: string }[]) => payloads.map(({ event }) => opened.get(event) ?? null),
  } as unknown as LedgerApi
  return { ledger, rows, heads, verifier: signer.verifier, signer, tiles }
}
