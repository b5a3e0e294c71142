import type { ApiClient } from './api-client.ts'
import { base64url, sha256 } from '../../core/bytes.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import { canonicalJson } from '../../core/json.ts'
import type { ToolHostApi, WorkerCall } from '../../core/tool-worker.ts'
import type { DefinedTool, Toolkit, ToolUse } from './define-tool.ts'
import type { ToolErrorKind } from './errors.ts'
import { asToolError, ProviderError } from './errors.ts'

/** One tool as a tool Worker describes it. All of it is what an administrator admits. */
export type WorkerTool = {
  name: string
  title: string
  description: string
  inputSchema: JsonObject
  outputSchema?: JsonObject
  behaviour: DefinedTool['behaviour']
  authorization?: { provider: string; scopes: string[] }
  secrets: string[]
  sensitive: string[]
  revision: string
}

export type WorkerListing = { kind: 'behalf-tool-worker'; version: 1; title: string; tools: WorkerTool[] }

export type WorkerReply =
  | { kind: 'value'; value: Json }
  | { kind: 'error'; error: { kind: ToolErrorKind; message: string; retryAfterMs?: number; choices: string[] } }
  /** The host refused, and knows why. */
  | { kind: 'host_refused' }
  | { kind: 'unknown_tool' }
  | { kind: 'changed' }
  | { kind: 'bug'; cause: string }

export async function listingOf(toolkit: Toolkit): Promise<WorkerListing> {
  const tools = await Promise.all(toolkit.tools.map((tool) => described(toolkit, tool)))
  return { kind: 'behalf-tool-worker', version: 1, title: toolkit.title, tools }
}

async function described(toolkit: Toolkit, tool: DefinedTool): Promise<WorkerTool> {
  const { name, title, description, ...rest } = tool
  const contract = {
    inputSchema: rest.inputSchema,
    ...(rest.outputSchema ? { outputSchema: rest.outputSchema } : {}),
    behaviour: rest.behaviour,
    ...(toolkit.provider && tool.account
      ? { authorization: { provider: toolkit.provider, scopes: [...tool.scopes] } }
      : {}),
    secrets: [...tool.secrets],
    sensitive: [...tool.sensitive],
  }
  // Without title and description: other words do not make another contract.
  const revision = base64url((await sha256(canonicalJson({ name, ...contract } as unknown as Json))).subarray(0, 16))
  return { name, title, description, ...contract, revision }
}

/** Runs one call. What goes wrong is a value: an exception would lose its kind on the way. */
export async function serveCall(toolkit: Toolkit, call: WorkerCall, host: ToolHostApi): Promise<WorkerReply> {
  const tool = toolkit.tools.find(({ name }) => name === call.tool)
  if (!tool) return { kind: 'unknown_tool' }
  if ((await described(toolkit, tool)).revision !== call.revision) return { kind: 'changed' }
  const args = tool.input.safeParse(call.arguments)
  if (!args.success) {
    const faults = args.error.issues.map((issue) => `${issue.path.join('.') || 'arguments'}: ${issue.message}`)
    return { kind: 'error', error: { kind: 'bad_input', message: faults.join('; ').slice(0, 2_000), choices: [] } }
  }
  const abort = new AbortController()
  host.stopped().then(
    (stopped) => stopped && abort.abort(),
    () => {},
  )
  try {
    const secrets = await secretsOf(tool, host)
    const value = await tool.run(args.data, useOf(call, host, secrets, abort.signal))
    return { kind: 'value', value: JSON.parse(JSON.stringify(value ?? null)) as Json }
  } catch (cause) {
    return failureOf(cause)
  }
}

async function secretsOf(tool: DefinedTool, host: ToolHostApi): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  for (const name of tool.secrets) {
    const value = await host.secret(name)
    if (value !== null) found.set(name, value)
  }
  return found
}

function useOf(
  { user, now }: WorkerCall,
  host: ToolHostApi,
  secrets: ReadonlyMap<string, string>,
  signal: AbortSignal,
): ToolUse {
  return {
    api: apiOver(host),
    user,
    now,
    signal,
    progress: (done, total, message) => void host.progress(done, total, message).catch(() => {}),
    secret(name) {
      const value = secrets.get(name)
      if (value === undefined)
        throw new Error(`the secret ${name} was not declared, or not allowed by an administrator`)
      return value
    },
  }
}

function apiOver(host: ToolHostApi): ApiClient {
  return {
    async request(call) {
      const reply = await host.request(call)
      if (reply.ok) return reply.answer
      const { status, code, retryAfterMs, ours } = reply
      throw new ProviderError(status, code, {
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
        ...(ours ? { refusal: { code: 'toolkits/failed' } } : {}),
      })
    },
  }
}

function failureOf(cause: unknown): WorkerReply {
  if (cause instanceof ProviderError && cause.refusal) return { kind: 'host_refused' }
  const error = asToolError(cause)
  if (!error) {
    const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
    return { kind: 'bug', cause: text.slice(0, 500) }
  }
  const { kind, message, retryAfterMs, choices } = error
  return {
    kind: 'error',
    error: { kind, message, choices: [...choices], ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
  }
}
