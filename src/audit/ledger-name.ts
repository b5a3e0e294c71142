/** The name of a Ledger object. The shard is a number, so no project id can spell another one's name. */
export function ledgerName(project: string, shard = 0): string {
  return `${shard}/${project}`
}
