import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { Fault } from './command.ts'

export type Entry = { id: string; url: string; settings: Record<string, unknown> }
export type Imported = { entries: (Entry & { secrets: string[] })[]; skipped: { id: string; why: string }[] }

const header = z.looseObject({ name: z.string(), value: z.string().optional(), isSecret: z.boolean().optional() })
/** MCP registry, server.json (2025-09-29 and later). */
const registry = z.looseObject({
  name: z.string(),
  title: z.string().optional(),
  remotes: z
    .array(z.looseObject({ type: z.string(), url: z.string(), headers: z.array(header).optional() }))
    .optional(),
  packages: z.array(z.unknown()).optional(),
})
const server = z.looseObject({
  url: z.string().optional(),
  serverUrl: z.string().optional(),
  command: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
})
/** Claude and Cursor say `mcpServers`, VS Code says `servers`. */
const client = z.looseObject({
  mcpServers: z.record(z.string(), server).optional(),
  servers: z.record(z.string(), server).optional(),
})

/** Reads either kind of file. What stands in a header as it is goes nowhere: it becomes the name of a secret. */
export function readEntries(file: string): Imported {
  let data: unknown
  try {
    data = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new Fault(`${file} cannot be read as JSON (${cause instanceof Error ? cause.message : String(cause)}).`)
  }
  const listed = registry.safeParse(data)
  if (listed.success) return fromRegistry(listed.data)
  const configured = client.safeParse(data)
  const servers = configured.success ? (configured.data.mcpServers ?? configured.data.servers) : undefined
  if (servers === undefined) throw new Fault(`${file} is neither a server.json nor an mcp.json.`)
  return fromClient(servers)
}

function fromRegistry({ name, title, remotes = [] }: z.output<typeof registry>): Imported {
  const id = idOf(name.split('/').at(-1) ?? name)
  // Streamable HTTP before the event stream it replaced.
  const remote = remotes.find((one) => one.type === 'streamable-http') ?? remotes.find((one) => one.type === 'sse')
  if (!remote) return { entries: [], skipped: [{ id, why: 'it runs as a local process only' }] }
  if (/\{[^}]*\}/.test(remote.url))
    return { entries: [], skipped: [{ id, why: 'its address has to be filled in: use upstream add' }] }
  const headers = Object.fromEntries((remote.headers ?? []).map((one) => [one.name, one.value ?? '']))
  return { entries: [entryOf(id, remote.url, headers, title)], skipped: [] }
}

function fromClient(servers: Readonly<Record<string, z.output<typeof server>>>): Imported {
  const imported: Imported = { entries: [], skipped: [] }
  for (const [name, one] of Object.entries(servers)) {
    const id = idOf(name)
    const url = one.url ?? one.serverUrl
    if (url === undefined)
      imported.skipped.push({ id, why: one.command ? 'it runs as a local process' : 'it has no address' })
    else imported.entries.push(entryOf(id, url, one.headers ?? {}))
  }
  return imported
}

function entryOf(
  id: string,
  url: string,
  given: Readonly<Record<string, string>>,
  title?: string,
): Imported['entries'][number] {
  const secrets: string[] = []
  const headers = Object.entries(given).map(([name, value]) => {
    const secret = `${id}_${name}`
      .toUpperCase()
      .replace(/[^A-Z0-9]+/g, '_')
      .slice(0, 60)
    secrets.push(secret)
    return [name.toLowerCase(), `${/^(Bearer|Basic|Token) /i.exec(value)?.[0] ?? ''}{${secret}}`] as const
  })
  const credentials =
    headers.length > 0 ? { credentials: { kind: 'headers', headers: Object.fromEntries(headers) } } : {}
  return { id, url, secrets, settings: { ...(title === undefined ? {} : { title }), ...credentials } }
}

/** `linear` of `https://mcp.linear.app/mcp`. Null: it is no address of a server. */
export function idOfUrl(url: string): string | null {
  const host = URL.parse(url)?.hostname ?? ''
  return host === '' ? null : idOf(host.replace(/^(?:(?:mcp|api|www)\.)+(?=[^.]+\.)/, '').replace(/\..*$/, ''))
}

function idOf(name: string): string {
  const id = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 40)
  return id === '' ? 'server' : id
}
