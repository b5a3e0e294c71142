import type { JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { ContentBlock, Tool, ToolOutput } from '../core/tool.ts'
import type { Upstreams, UpstreamCredential, UpstreamReply, UpstreamTarget } from '../upstream/upstream.ts'
import type { RunReply, ToolCall } from './ports.ts'

export type UpstreamUse = {
  upstreams: Upstreams
  target: UpstreamTarget
  credential: UpstreamCredential
  /** After a 401. Null: there is nothing newer to try. */
  renew?: () => Promise<Result<UpstreamCredential>>
  traceparent: string
}

/** Sends the call on to the server it belongs to, with nothing the client sent beside its arguments and what it can be asked. */
export async function runUpstreamTool(
  call: ToolCall,
  tool: Tool,
  args: JsonObject,
  use: UpstreamUse,
): Promise<Result<RunReply>> {
  if (tool.source.kind !== 'upstream') return refuse('runtime/unknown_tool')
  const { remoteName } = tool.source
  const { behaviour } = tool
  const { resumed } = call
  const send = (credential: UpstreamCredential) =>
    use.upstreams.request(use.target, {
      method: 'tools/call',
      params: { name: remoteName, arguments: args },
      credential,
      capabilities: call.features.capabilities,
      inputSchema: tool.inputSchema,
      repeatable: behaviour.operation === 'read' || behaviour.idempotent,
      trace: {
        traceparent: use.traceparent,
        ...(call.tracestate === undefined ? {} : { tracestate: call.tracestate }),
      },
      signal: call.signal,
      ...(call.onProgress ? { onProgress: call.onProgress } : {}),
      ...(call.onLog ? { onLog: call.onLog } : {}),
      ...(call.logLevel === undefined ? {} : { logLevel: call.logLevel }),
      ...(resumed?.state.upstream === undefined
        ? {}
        : { resume: { responses: resumed.responses, state: resumed.state.upstream } }),
    })
  const first = await send(use.credential)
  if (first.ok || first.error.code !== 'upstream/authorization_needed' || !use.renew) return toRunReply(first)
  const renewed = await use.renew()
  return renewed.ok ? toRunReply(await send(renewed.value)) : renewed
}

function toRunReply(reply: Result<UpstreamReply>): Result<RunReply> {
  if (!reply.ok) return reply
  if (reply.value.kind === 'input_required') return ok(reply.value)
  return ok({ kind: 'output', output: outputOf(reply.value.result) })
}

/** What of a result goes on. Its `_meta` is between the upstream and us, but for what an app's page reads. */
function outputOf(result: JsonObject): ToolOutput {
  const { content, structuredContent, isError, _meta: meta } = result
  const ui = isObject(meta) ? meta['ui'] : undefined
  return {
    content: content as ContentBlock[],
    ...(structuredContent === undefined ? {} : { structuredContent }),
    ...(isError === true ? { isError } : {}),
    ...(isObject(ui) ? { meta: { ui: ui as JsonObject } } : {}),
  }
}
