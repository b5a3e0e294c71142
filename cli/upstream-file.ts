import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { isCredentialHeader } from '../src/catalog/upstream-settings.ts'
import { Fault } from './command.ts'
import type { Entry } from './upstream-add.ts'
import { idOf } from './upstream-id.ts'

/** `notes`: what of the file was understood otherwise than it is written. */
export type FileEntry = Entry & { secrets: string[]; notes: string[] }
export type LeftOut = { id: string; why: string }
export type Imported = { entries: FileEntry[]; skipped: LeftOut[] }

type Server = { name: string; url: string; headers: Readonly<Record<string, string>>; title?: string | undefined }

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
/** Gemini CLI says `httpUrl` for Streamable HTTP, Windsurf and Antigravity `serverUrl`, the others `url`. */
const server = z.looseObject({
  httpUrl: z.string().optional(),
  serverUrl: z.string().optional(),
  url: z.string().optional(),
  command: z.unknown().optional(),
  args: z.array(z.unknown()).optional(),
  headers: z.record(z.string(), z.string()).optional(),
})
const servers = z.record(z.string(), z.unknown()).optional().catch(undefined)
/** Claude, Cursor, Windsurf and Gemini say `mcpServers`, VS Code `servers` (`mcp.servers` in its settings), Zed `context_servers`. */
const client = z.looseObject({
  mcpServers: servers,
  servers,
  mcp: z.looseObject({ servers }).optional().catch(undefined),
  context_servers: servers,
})

/** Reads either kind of file. What stands in a header as it is goes nowhere: it becomes the name of a secret. */
export function readEntries(file: string): Imported {
  let data: unknown
  try {
    data = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new Fault(`${file} cannot be read as JSON (${cause instanceof Error ? cause.message : String(cause)}).`)
  }
  const { mcpServers, servers: named, mcp, context_servers: zed } = client.safeParse(data).data ?? {}
  const found = mcpServers ?? named ?? mcp?.servers ?? zed
  if (found !== undefined) return gathered(Object.entries(found).map(([name, one]) => fromClient(name, one)))
  const listed = registry.safeParse(data)
  if (!listed.success) throw new Fault(`${file} is neither a server.json nor an mcp.json.`)
  return gathered([fromRegistry(listed.data)])
}

function fromRegistry({ name, title, remotes = [] }: z.output<typeof registry>): Server | LeftOut {
  const own = name.split('/').at(-1) ?? name
  // Streamable HTTP before the event stream it replaced.
  const remote = remotes.find((one) => one.type === 'streamable-http') ?? remotes.find((one) => one.type === 'sse')
  if (!remote) return { id: idOf(own), why: 'it runs as a local process only' }
  const headers = Object.fromEntries((remote.headers ?? []).map((one) => [one.name, one.value ?? '']))
  return { name: own, url: remote.url, headers, title }
}

function fromClient(name: string, given: unknown): Server | LeftOut {
  const id = idOf(name)
  const { data: one, error } = server.safeParse(given)
  if (error) return { id, why: `it cannot be read (${error.issues[0]?.path.join('.') || 'it'} is of another kind)` }
  const url = one.httpUrl ?? one.serverUrl ?? one.url
  if (url !== undefined) return { name, url, headers: one.headers ?? {} }
  if (one.command === undefined) return { id, why: 'it has no address' }
  const words = [one.command, one.args].flat().filter((word) => typeof word === 'string')
  const behind = words.some((word) => /^mcp-remote\b/.test(word)) && words.find((word) => /^https?:/.test(word))
  return {
    id,
    why: behind ? `it runs mcp-remote: use upstream add ${id} ${behind}` : 'it runs as a local process',
  }
}

function gathered(found: readonly (Server | LeftOut)[]): Imported {
  const ids = new Set<string>()
  const secrets = new Set<string>()
  const imported: Imported = { entries: [], skipped: [] }
  for (const one of found) {
    if ('why' in one) {
      imported.skipped.push(one)
      continue
    }
    const why = unusable(one.url)
    const id = idOf(one.name)
    if (why === null) imported.entries.push(entryOf(one, unused(id, '-', ids), secrets))
    else imported.skipped.push({ id, why })
  }
  return imported
}

/** A credential in an address would be stored and shown with it. */
function unusable(url: string): string | null {
  if (/\{[^}]*\}/.test(url)) return 'its address has to be filled in: use upstream add'
  const named = [...(URL.parse(url)?.searchParams.keys() ?? [])].find((name) => /key|token|secret|passw/i.test(name))
  return named === undefined ? null : `its address holds what looks like a credential (${named}): use upstream add`
}

function entryOf({ name, url, headers, title }: Server, id: string, taken: Set<string>): FileEntry {
  const given = Object.entries(headers)
  // Of some clients' own: the transport says these itself.
  const ours = given.filter(([header]) => !isCredentialHeader(header) || /^user-agent$/i.test(header))
  const kept = given.filter((one) => !ours.includes(one))
  const named = kept.map(([header]) => unused(secretOf(id, header), '_', taken))
  const templates = kept.map(([header, value], at) => {
    return [header.toLowerCase(), `${/^(Bearer|Basic|Token) /i.exec(value)?.[0] ?? ''}{${named[at]}}`] as const
  })
  const notes = [
    ...(id === idOf(name) ? [] : [`"${name}" is named ${id}: another server of the file has its name`]),
    ...ours.map(([header]) => `the header ${header} is left out: it is not for credentials`),
  ]
  const credentials =
    templates.length > 0 ? { credentials: { kind: 'headers', headers: Object.fromEntries(templates) } } : {}
  return { id, url, secrets: named, notes, settings: { ...(title === undefined ? {} : { title }), ...credentials } }
}

/** With a beginning that no other secret has: a file must not come by one that was set for something else. */
function secretOf(id: string, header: string): string {
  return `MCP_${id}_${header}`
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, '_')
    .slice(0, 60)
}

function unused(name: string, separator: string, taken: Set<string>): string {
  let free = name
  for (let n = 2; taken.has(free); n++) free = `${name.slice(0, 36)}${separator}${n}`
  taken.add(free)
  return free
}
