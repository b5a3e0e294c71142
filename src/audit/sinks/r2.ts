import { gzip } from './post.ts'
import type { R2Settings } from './settings.ts'
import { isoTime, shaped } from './shape.ts'
import type { Batch, Sink, SinkTools } from './sink.ts'
import { accepted } from './sink.ts'

/**
 * NDJSON files in the archive bucket, one a batch, named by day and by the sequences in it: written twice, it is one file.
 * Object lock on the bucket (a setting of the bucket) keeps anybody from changing them.
 */
export const r2: Sink<R2Settings> = {
  limits: { records: 5_000, bytes: 8_000_000 },
  everyMs: 60_000,
  async deliver(batch, settings, { archive, memory, now }) {
    if (archive === undefined) return { kind: 'later', reason: 'this deployment has no bucket ARCHIVE' }
    const lines = batch.records.map((record) => `${JSON.stringify(shaped(record, settings.format))}\n`).join('')
    const key = keyOf(batch, settings)
    await archive.put(key, await gzip(lines), {
      httpMetadata: { contentType: 'application/x-ndjson', contentEncoding: 'gzip' },
    })
    await expire(archive, settings, memory, now())
    return accepted({ status: 200, text: key })
  },
}

function keyOf({ records }: Batch, { prefix }: R2Settings): string {
  const [first, last] = [records[0], records.at(-1)]
  const day = isoTime(first?.recordedAt ?? 0)
    .slice(0, 10)
    .replaceAll('-', '/')
  const name = `${number(first?.sequence)}-${number(last?.sequence)}-${records.length}`
  return `${prefix}/${first?.ledger}/${day}/${name}.ndjson.gz`
}

/** Fixed width, so that names sort as numbers do. */
const number = (sequence = 0): string => `${sequence}`.padStart(12, '0')

/** Once a day: deletes what is older than the retention says. Object lock, where it is on, has the last word. */
async function expire(
  archive: R2Bucket,
  { prefix, retentionDays }: R2Settings,
  memory: SinkTools['memory'],
  now: number,
): Promise<void> {
  const today = isoTime(now).slice(0, 10)
  if (retentionDays === undefined || memory.get('expired') === today) return
  const oldest = now - retentionDays * 86_400_000
  for (let cursor: string | undefined; ;) {
    const listed = await archive.list({ prefix: `${prefix}/`, ...(cursor === undefined ? {} : { cursor }) })
    const old = listed.objects.filter((object) => object.uploaded.getTime() < oldest).map((object) => object.key)
    if (old.length > 0) await archive.delete(old)
    if (!listed.truncated) break
    cursor = listed.cursor
  }
  memory.set('expired', today)
}
