import { listDurableObjectIds, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterAll, beforeAll } from 'vitest'
import { secretIn } from './canaries.ts'

/** What other files left, which was looked through at their end: storage may be shared. */
let known: ReadonlySet<string> = new Set()
beforeAll(async () => {
  known = new Set((await placesOf()).map(({ where }) => where))
})

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

type Place = { where: string; read: () => Promise<string> }

async function placesOf(): Promise<Place[]> {
  const keys = await keysOf()
  const { objects: files } = await env.ARCHIVE.list()
  const ids = await Promise.all(
    Object.entries(objects).map(async ([name, namespace]) =>
      (await listDurableObjectIds(namespace)).map((id) => ({ name, id, stub: namespace.get(id) })),
    ),
  )
  return [
    ...keys.map(({ name }) => ({ where: `KV ${name}`, read: async () => `${name} ${await env.KV.get(name)}` })),
    ...files.map(({ key }) => ({
      where: `R2 ${key}`,
      read: async () => new TextDecoder().decode(await (await env.ARCHIVE.get(key))?.arrayBuffer()),
    })),
    ...ids.flat().map(({ name, id, stub }) => ({
      where: `${name} ${id.toString()}`,
      read: () => runInDurableObject(stub, (_, { storage }) => dumpObject(storage)),
    })),
  ]
}

async function keysOf(): Promise<{ name: string }[]> {
  const keys: { name: string }[] = []
  for (let cursor: string | null = null; ;) {
    const page: KVNamespaceListResult<unknown> = await env.KV.list({ cursor })
    keys.push(...page.keys)
    if (page.list_complete) return keys
    cursor = page.cursor
  }
}

async function dumpAll(): Promise<(readonly [where: string, text: string])[]> {
  const own = (await placesOf()).filter(({ where }) => !known.has(where))
  const dumps = own.map(async ({ where, read }) => [where, await read()] as const)
  return Promise.all([...dumps, dumpD1().then((text) => ['D1', text] as const)])
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
