import { listDurableObjectIds, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterAll } from 'vitest'
import { secretIn } from './canaries.ts'

/** After each file: a dump of D1, KV, R2 and the storage of every Durable Object it left holds no secret (promise 2). */
afterAll(async () => {
  for (const [where, text] of await dumpAll()) {
    const secret = secretIn(text)
    if (secret !== null) throw new Error(`A secret is stored in the clear (promise 2): ${secret} in ${where}`)
  }
})

const notOurs = "name NOT LIKE '\\_cf%' ESCAPE '\\' AND name NOT LIKE 'sqlite%'"
const { SESSION, VAULT, HUB, LEDGER, GRANT } = env
const objects = { SESSION, VAULT, HUB, LEDGER, GRANT } as unknown as Record<string, DurableObjectNamespace>

async function dumpAll(): Promise<[where: string, text: string][]> {
  const dumps: [string, string][] = [['D1', await dumpD1()]]
  const { keys } = await env.KV.list()
  for (const { name } of keys) dumps.push([`KV ${name}`, `${name} ${await env.KV.get(name)}`])
  for (const { key } of (await env.ARCHIVE.list()).objects) {
    dumps.push([`R2 ${key}`, new TextDecoder().decode(await (await env.ARCHIVE.get(key))?.arrayBuffer())])
  }
  for (const [name, namespace] of Object.entries(objects)) {
    for (const id of await listDurableObjectIds(namespace)) {
      const dump = await runInDurableObject(namespace.get(id), (_, { storage }) => dumpObject(storage))
      dumps.push([`${name} ${id.toString()}`, dump])
    }
  }
  return dumps
}

async function dumpD1(): Promise<string> {
  const { results } = await env.DB.prepare(`SELECT name FROM sqlite_master WHERE type = 'table' AND ${notOurs}`).all<{
    name: string
  }>()
  const tables = await env.DB.batch(results.map(({ name }) => env.DB.prepare(`SELECT * FROM "${name}"`)))
  return asText(tables.map((table) => table.results))
}

async function dumpObject(storage: DurableObjectStorage): Promise<string> {
  const tables = storage.sql
    .exec<{ name: string }>(`SELECT name FROM sqlite_master WHERE type = 'table' AND ${notOurs}`)
    .toArray()
    .map(({ name }) => storage.sql.exec(`SELECT * FROM "${name}"`).toArray())
  return asText([tables, [...(await storage.list())]])
}

const asText = (value: unknown): string =>
  JSON.stringify(value, (_, one: unknown) => (one instanceof ArrayBuffer ? new TextDecoder().decode(one) : one))
