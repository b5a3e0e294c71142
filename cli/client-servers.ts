import { z } from 'zod'
import { idOf } from './upstream-id.ts'

/** `notes`: what of the file was left out. */
export type Server = {
  name: string
  url: string
  headers: Readonly<Record<string, string>>
  title?: string | undefined
  notes?: readonly string[]
}
export type LeftOut = { id: string; why: string }

const texts = z.record(z.string(), z.string())
const server = z.looseObject({
  // Gemini CLI says httpUrl for Streamable HTTP, Windsurf and Antigravity serverUrl, the others url.
  httpUrl: z.string().optional(),
  serverUrl: z.string().optional(),
  url: z.string().optional(),
  headers: texts.optional(),
  // Codex
  http_headers: texts.optional(),
  env_http_headers: texts.optional(),
  bearer_token_env_var: z.string().optional(),
  // Local processes
  command: z.unknown().optional(),
  args: z.array(z.unknown()).optional(),
  env: texts.optional().catch(undefined),
  disabled: z.boolean().optional().catch(undefined),
  enabled: z.boolean().optional().catch(undefined),
})
type Given = z.output<typeof server>

const servers = z.record(z.string(), z.unknown()).optional().catch(undefined)
/**
 * Claude, Cursor, Windsurf and Gemini CLI say `mcpServers` (Claude Code also below each of its `projects`), VS Code `servers`
 * (`mcp.servers` in its settings), Zed `context_servers`, Codex `mcp_servers`.
 */
const client = z.looseObject({
  mcpServers: servers,
  projects: z
    .record(z.string(), z.looseObject({ mcpServers: servers }).catch({}))
    .optional()
    .catch(undefined),
  servers,
  mcp: z.looseObject({ servers }).optional().catch(undefined),
  context_servers: servers,
  mcp_servers: servers,
})

/** Null: it is no client's configuration. */
export function clientServers(data: unknown): (Server | LeftOut)[] | null {
  const { data: file } = client.safeParse(data)
  if (!file) return null
  const projects = Object.values(file.projects ?? {}).map(({ mcpServers }) => mcpServers)
  const places = [file.mcpServers, file.servers, file.mcp?.servers, file.context_servers, file.mcp_servers, ...projects]
  const found = places.filter((place) => place !== undefined)
  if (found.length === 0) return null
  // The same server often stands in several projects.
  const each = new Map(found.flatMap(Object.entries<unknown>).map((named) => [JSON.stringify(named), named]))
  return [...each.values()].map(([name, one]) => serverOf(name, one))
}

function serverOf(name: string, given: unknown): Server | LeftOut {
  const id = idOf(name)
  const { data: one, error } = server.safeParse(given)
  if (error) return { id, why: `it cannot be read (${error.issues[0]?.path.join('.') || 'it'} is of another kind)` }
  if (one.disabled === true || one.enabled === false) return { id, why: 'it is turned off in the file' }
  const notes = ['auth', 'oauth', 'headersHelper']
    .filter((key) => one[key] !== undefined)
    .map((key) => `${key} is left out: say with upstream add how to sign in there`)
  const url = one.httpUrl ?? one.serverUrl ?? one.url
  if (url !== undefined) return { name, url, headers: headersOf(one), notes }
  if (one.command === undefined) return { id, why: 'it has no address' }
  const behind = behindMcpRemote(one)
  if (behind) return { name, ...behind }
  const proxy = `run it behind mcp-proxy where Behalf can reach it (mcp-proxy --port 8080 -- <its command>)`
  return { id, why: `it runs as a local process: ${proxy}, then upstream add ${id} <its address>` }
}

/** A value that Codex takes from an environment variable is written as the others write that. */
function headersOf(one: Given): Record<string, string> {
  const variable = (name: string): string => `\${${name}}`
  const { bearer_token_env_var: bearer, env_http_headers: named = {} } = one
  return {
    ...one.headers,
    ...one.http_headers,
    ...Object.fromEntries(Object.entries(named).map(([header, name]) => [header, variable(name)])),
    ...(bearer !== undefined && { Authorization: `Bearer ${variable(bearer)}` }),
  }
}

/** For clients without remote servers: `mcp-remote <url> --header "Name: value"`, with `${NAME}` from its `env`. */
function behindMcpRemote({ command, args, env = {} }: Given): Pick<Server, 'url' | 'headers'> | null {
  const words = [command, args].flat().filter((word) => typeof word === 'string')
  const url = words.find((word) => /^https?:/.test(word))
  if (url === undefined || !words.some((word) => /(?:^|[\\/])mcp-remote(?:@|$)/.test(word))) return null
  const filled = (value: string): string => value.replace(/\$\{(\w+)\}/g, (whole, name: string) => env[name] ?? whole)
  const headers = words
    .filter((_, at) => words[at - 1] === '--header')
    .map((word) => [word.split(':')[0]?.trim() ?? '', filled(word.slice(word.indexOf(':') + 1)).trim()] as const)
  return { url, headers: Object.fromEntries(headers) }
}
