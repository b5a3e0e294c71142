import type { GatewayDocument } from './document.ts'

/** One statement with its values in order. */
export type Statement = { sql: string; values: (string | number | null)[] }

export type NewVersion = {
  project: string
  gateway: string
  document: GatewayDocument
  documentHash: string
  /** The version this one was made from; null for a new gateway. */
  base: number | null
  now: number
  by: string
  note: string | null
}

/**
 * A new immutable version and the head that points to it, to run as one batch. Nothing happens when the head is not at
 * `base`, or the name is taken: the second statement changes no row, and the caller has lost a race. The admin API and the
 * command line (by `wrangler d1 execute`) run the same two.
 */
export function versionStatements(it: NewVersion): [Statement, Statement] {
  const version = (it.base ?? 0) + 1
  const enabled = 1
  const head: Statement =
    it.base === null
      ? {
          sql: 'INSERT INTO gateways (project, id, slug, version, enabled, updated_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
          values: [it.project, it.gateway, it.document.name, version, enabled, it.now],
        }
      : {
          sql: 'UPDATE gateways SET version = ?, updated_at = ? WHERE project = ? AND id = ? AND slug = ? AND version = ?',
          values: [version, it.now, it.project, it.gateway, it.document.name, it.base],
        }
  const row: Statement = {
    sql: `INSERT INTO gateway_versions (project, gateway, version, document, document_hash, created_at, created_by, note)
SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM gateways WHERE project = ? AND id = ? AND slug = ? AND version = ?) ON CONFLICT DO NOTHING`,
    values: [
      it.project,
      it.gateway,
      version,
      JSON.stringify(it.document),
      it.documentHash,
      it.now,
      it.by,
      it.note,
      it.project,
      it.gateway,
      it.document.name,
      version,
    ],
  }
  return [head, row]
}
