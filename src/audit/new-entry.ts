import type { EventRow } from './event-row.ts'
import { commitmentOf, leafHashOf, leafText, noncedPayload } from './leaf.ts'
import type { NewEntry } from './ledger-storage.ts'
import type { PayloadKeys } from './payload-keys.ts'

/** An event as the Ledger stores it: its leaf, the leaf's hash, and the payload sealed beside it. */
export async function newEntry(event: EventRow, recordedAt: number, keys: PayloadKeys): Promise<NewEntry> {
  const { id, user, head } = event
  if (event.payload === null || keys.isErased(user, () => (JSON.parse(head) as { at: number }).at)) {
    const leaf = leafText(head, recordedAt, null)
    return { id, leaf, hash: await leafHashOf(leaf), payload: null }
  }
  const nonced = noncedPayload(event.payload)
  const leaf = leafText(head, recordedAt, await commitmentOf(nonced))
  const [hash, payload] = await Promise.all([leafHashOf(leaf), keys.seal(user, id, nonced)])
  return { id, leaf, hash, payload }
}
