/**
 * Migrations of one Durable Object's SQLite: a list of SQL scripts, applied in order, each once, in one transaction.
 * Call it in the constructor. An object whose storage is newer than the code refuses to start rather than guess.
 */
export function migrate(storage: DurableObjectStorage, scripts: readonly string[]): void {
  storage.transactionSync(() => {
    storage.sql.exec('CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)')
    const row = storage.sql.exec<{ version: number }>('SELECT version FROM schema_version').toArray()[0]
    const version = row?.version ?? 0
    if (version > scripts.length) throw new Error(`storage is at version ${version}, this code knows ${scripts.length}`)
    for (const script of scripts.slice(version)) storage.sql.exec(script)
    if (row === undefined) storage.sql.exec('INSERT INTO schema_version VALUES (?)', scripts.length)
    else if (version < scripts.length) storage.sql.exec('UPDATE schema_version SET version = ?', scripts.length)
  })
}
