import { z } from 'zod'
import { isCredentialHeader } from '../src/catalog/upstream-settings.ts'
import type { LeftOut, Server } from './client-servers.ts'
import { clientServers } from './client-servers.ts'
import { Fault } from './command.ts'
import { readConfiguration } from './configuration-file.ts'
import type { Entry } from './upstream-add.ts'
import { idOf } from './upstream-id.ts'

/** `notes`: what of the file was understood otherwise than it is written. */
export type FileEntry = Entry & { secrets: NamedSecret[]; notes: string[] }
/**
 * A secret that takes the place of what stands in a header. `literal` is a function, so that nothing that prints an entry prints
 * it; null: no value stands in the file. `from`: the variable or input that it names instead.
 */
export type NamedSecret = { name: string; from: string | null; literal: () => string | null }
export type Imported = { entries: FileEntry[]; skipped: LeftOut[] }

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

/** Reads either kind of file. What stands in a header becomes a secret. */
export function readEntries(file: string): Imported {
  const data = readConfiguration(file)
  const found = clientServers(data)
  if (found) return gathered(found)
  const listed = registry.safeParse(data)
  if (!listed.success) throw new Fault(`${file} is neither a server.json nor a client's list of MCP servers.`)
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
    if (why === null) imported.entries.push(entryOf(one, unused(id, 'id', ids), secrets))
    else imported.skipped.push({ id, why })
  }
  return imported
}

/** A credential in an address would be stored and shown with it. */
function unusable(url: string): string | null {
  if (placeholder.test(url)) return 'its address has to be filled in: use upstream add'
  const { searchParams, username, password } = URL.parse(url) ?? {}
  const named =
    username || password
      ? 'user'
      : [...(searchParams?.keys() ?? [])].find((name) => /key|token|secret|passw/i.test(name))
  return named === undefined ? null : `its address holds what looks like a credential (${named}): use upstream add`
}

function entryOf({ name, url, headers, title, notes: left = [] }: Server, id: string, taken: Set<string>): FileEntry {
  const given = Object.entries(headers)
  // Of some clients' own: the transport says these itself.
  const ours = given.filter(([header]) => !isCredentialHeader(header) || /^user-agent$/i.test(header))
  const kept = given
    .filter((one) => !ours.includes(one))
    .map(([header, value]) => {
      const scheme = /^(Bearer|Basic|Token) /i.exec(value)?.[0] ?? ''
      const secret = secretOf(unused(secretName(id, header), 'secret', taken), value.slice(scheme.length))
      return { header: header.toLowerCase(), template: `${scheme}{${secret.name}}`, secret }
    })
  const notes = [
    ...(id === idOf(name) ? [] : [`"${name}" is named ${id}: another server of the file has its name`]),
    ...ours.map(([header]) => `the header ${header} is left out: it is not for credentials`),
    ...left,
  ]
  const templates = Object.fromEntries(kept.map(({ header, template }) => [header, template]))
  const credentials = kept.length > 0 ? { credentials: { kind: 'headers', headers: templates } } : {}
  const settings = { ...(title === undefined ? {} : { title }), ...credentials }
  return { id, url, secrets: kept.map(({ secret }) => secret), notes, settings }
}

/** `${NAME}`, `${env:NAME}`, `${input:name}`, `${NAME:-default}`, `{name}`, `$NAME`, `<your key>`. When in doubt it is one. */
const placeholder = /\{[^}]*\}|\$[A-Za-z_]|<[^>]*>/

/** Named is only what a whole value surely names: a `$` may stand in a password. */
function secretOf(name: string, value: string): NamedSecret {
  const named = /^\$?\{(?:(?:env|input):)?([\w.-]+)(?::-[^}]*)?\}$|^\$([A-Z][A-Z0-9_]*)$/.exec(value)
  const literal = value === '' || placeholder.test(value) ? null : value
  return { name, from: named?.[1] ?? named?.[2] ?? null, literal: () => literal }
}

/**
 * With a beginning that no other secret has, and two underscores that stand in no id: a server must not come by a secret that was
 * set for something else, `acme-x` with the header `Key` by that of `acme` with `X-Key`.
 */
function secretName(id: string, header: string): string {
  const part = (text: string): string => text.toUpperCase().replace(/[^A-Z0-9]+/g, '_')
  return `MCP_${part(id)}__${part(header)}`.slice(0, longest.secret)
}

/** Room for a number is left. */
const longest = { id: 36, secret: 60 } as const

function unused(name: string, kind: keyof typeof longest, taken: Set<string>): string {
  let free = name
  for (let n = 2; taken.has(free); n++) free = `${name.slice(0, longest[kind])}${kind === 'id' ? '-' : '_'}${n}`
  taken.add(free)
  return free
}
