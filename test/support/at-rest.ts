import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { secretIn } from './canaries.ts'

/**
 * Everything a stopped deployment left in a folder: the files of D1, of KV, of R2 and of each Durable Object. `known`: secrets
 * that do not look like any.
 */
export async function secretAtRest(folder: string, known: ReadonlySet<string>): Promise<string | null> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name)
    // One byte, one character: a secret is ASCII wherever it stands in a page of a database.
    const bytes = (await readFile(path)).toString('latin1')
    const secret = secretIn(bytes) ?? ([...known].some((one) => bytes.includes(one)) ? 'a known secret' : null)
    if (secret !== null) return `${secret} in ${path.slice(folder.length + 1)}`
  }
  return null
}
