import { z } from 'zod'

const days = z.int().min(1).max(36_500).nullable().default(null)

/** How long a project keeps its record, and where. */
export const retentionSettings = z
  .strictObject({
    searchableDays: days.describe('Days in D1, where it is searched. null: as long as there is room.'),
    keptDays: days.describe('Days it is kept at all, searchable or in the archive. null: for ever.'),
    searchableMegabytes: z
      .int()
      .min(1)
      .max(9_000)
      .default(4_000)
      .describe('What it may take of D1, which holds 10 GB for all projects together. The oldest goes to the archive.'),
  })
  .refine(({ searchableDays, keptDays }) => keptDays === null || (searchableDays ?? 1) <= keptDays, {
    message: 'what is not kept cannot be searched',
    path: ['keptDays'],
  })

export type Retention = z.output<typeof retentionSettings>
export const defaultRetention: Retention = retentionSettings.parse({})

/** What a row takes in D1 beside its leaf and payload: columns and ten indexes, measured (bench/audit.ts). */
export const rowBytes = 1_000

/** Settings of a project that are not a retention count as none: nothing is deleted because of a mistake. */
export async function readRetention(d1: D1Database, project: string): Promise<Retention> {
  const row = await d1
    .prepare("SELECT json_extract(settings, '$.retention') AS retention FROM projects WHERE id = ?")
    .bind(project)
    .first<{ retention: string | null }>()
  const parsed = retentionSettings.safeParse(JSON.parse(row?.retention ?? '{}'))
  return parsed.success ? parsed.data : defaultRetention
}

export async function saveRetention(d1: D1Database, project: string, retention: Retention, now: number): Promise<void> {
  const upsert = `INSERT INTO projects (id, name, settings, created_at) VALUES (?1, ?1, json_object('retention', json(?2)), ?3)
    ON CONFLICT (id) DO UPDATE SET settings = json_set(settings, '$.retention', json(?2))`
  await d1.prepare(upsert).bind(project, JSON.stringify(retention), now).run()
}
