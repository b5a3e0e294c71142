import { z } from 'zod'
import type { ApiClient } from '../core/api-client.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { jsonOf } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { after } from '../core/timer.ts'
import type { Tool } from '../core/tool.ts'
import type { ToolHostApi, ToolWorkerApi } from '../core/tool-worker.ts'
import { ToolError, toolFailure } from '../toolkits/toolkits.ts'
import { scrub } from '../vault/vault.ts'
import { resultFits } from './check-arguments.ts'
import type { RunReply, ToolCall } from './ports.ts'
import { outputOf } from './run-toolkit-tool.ts'
import { CallHost } from './worker-host.ts'

export type WorkerUse = {
  worker: ToolWorkerApi
  /** The provider's API for this call, until `signal` says that it is over. */
  api(signal: AbortSignal): ApiClient
  /** Those that the tool declares and an administrator allowed. */
  secrets: ReadonlyMap<string, string>
  /** Makes a capability of it that can be handed to another Worker. */
  expose(host: ToolHostApi): ToolHostApi
  now: number
  timeoutMs: number
  maxBytes: number
}

const errorKinds = [
  'bad_input',
  'not_found',
  'ambiguous',
  'not_permitted',
  'conflict',
  'rate_limited',
  'unavailable',
  'failed',
] as const
const reply = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('value'), value: z.json() }),
  z.strictObject({
    kind: z.literal('error'),
    error: z.strictObject({
      kind: z.enum(errorKinds),
      message: z.string().max(4_000),
      retryAfterMs: z.int().min(0).max(86_400_000).exactOptional(),
      choices: z.array(z.string().max(500)).max(50),
    }),
  }),
  z.strictObject({ kind: z.literal('host_refused') }),
  z.strictObject({ kind: z.literal('unknown_tool') }),
  z.strictObject({ kind: z.literal('changed') }),
  z.strictObject({ kind: z.literal('bug'), cause: z.string().max(1_000) }),
])

/** Runs a tool of a tool Worker. It gets this call's arguments and a host that ends with the call; never a credential. */
export async function runWorkerTool(
  call: ToolCall,
  tool: Tool,
  args: JsonObject,
  use: WorkerUse,
): Promise<Result<RunReply>> {
  if (tool.source.kind !== 'worker') return refuse('runtime/unknown_tool')
  const { remoteName, revision } = tool.source
  const { promise: ended, resolve: end } = Promise.withResolvers<Result<unknown>>()
  const tooLate = (): void => end(refuse('egress/timeout'))
  let disarm = after(use.timeoutMs, tooLate)
  const cancel = (): void => end(refuse('runtime/cancelled'))
  call.signal.addEventListener('abort', cancel, { once: true })
  const host = new CallHost(call, use, () => {
    disarm()
    disarm = after(use.timeoutMs, tooLate)
  })
  const { name, email } = call.caller.user
  const request = {
    tool: remoteName,
    revision,
    arguments: withoutAccount(tool, args),
    user: { name, email: email ?? null },
    callId: call.id,
    now: use.now,
    timeoutMs: use.timeoutMs,
  }
  use.worker.callTool(request, use.expose(host.api)).then(
    (value) => end(ok(value)),
    (cause: unknown) => end(refuse('upstream/failed', { evidence: { reason: String(cause).slice(0, 500) } })),
  )
  const answer = await ended
  disarm()
  call.signal.removeEventListener('abort', cancel)
  host.close(!answer.ok)
  return answer.ok ? read(answer.value, tool, use, host) : answer
}

/** Which account it is, is between the caller and the vault. */
function withoutAccount({ authorization }: Tool, args: JsonObject): JsonObject {
  if (!authorization?.takesAccount) return args
  const own = { ...args }
  delete own['account']
  return own
}

function read(value: unknown, tool: Tool, use: WorkerUse, host: CallHost): Result<RunReply> {
  const parsed = reply.safeParse(jsonOf(value, use.maxBytes))
  if (!parsed.success) return refuse('upstream/failed', { evidence: { fault: 'reply' } })
  const { data } = parsed
  switch (data.kind) {
    case 'value':
      return readValue(scrub(data.value as Json, [...use.secrets.values()]), tool)
    case 'error': {
      const { kind, message, choices, retryAfterMs } = data.error
      const more = { choices, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
      return toolFailure(new ToolError(kind, scrub(message, [...use.secrets.values()]), more))
    }
    case 'host_refused':
      return host.refusal
        ? { ok: false, error: host.refusal }
        : refuse('upstream/failed', { evidence: { fault: 'reply' } })
    case 'bug':
      return refuse('toolkits/failed', { evidence: { cause: data.cause } })
    case 'changed':
    case 'unknown_tool':
      return refuse('upstream/unavailable', { evidence: { fault: `tool_worker_${data.kind}` } })
  }
}

function readValue(value: Json, tool: Tool): Result<RunReply> {
  if (!resultFits(tool, value)) return refuse('upstream/failed', { evidence: { fault: 'output_schema' } })
  return ok({ kind: 'output', output: outputOf(value) })
}
