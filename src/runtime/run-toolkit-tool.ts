import type { ApiClient } from '../core/api-client.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { Tool, ToolOutput } from '../core/tool.ts'
import type { ToolUse } from '../toolkits/toolkits.ts'
import { definedTool, toolFailure } from '../toolkits/toolkits.ts'
import type { RunReply, ToolCall } from './ports.ts'

/** What a toolkit tool runs with. The credential is inside `api`, out of the tool's reach. */
export type ToolkitUse = { api: ApiClient; now: number; secrets: ReadonlyMap<string, string> }

/** Runs one of our own tools. What it throws becomes an output the model can act on; a bug becomes a refusal. */
export async function runToolkitTool(
  call: ToolCall,
  tool: Tool,
  args: JsonObject,
  { api, now, secrets }: ToolkitUse,
): Promise<Result<RunReply>> {
  const defined = tool.source.kind === 'toolkit' ? definedTool(tool.source) : undefined
  if (!defined) return refuse('runtime/unknown_tool')
  const { user } = call.caller
  const use: ToolUse = {
    api,
    now,
    user: { name: user.name, email: user.email ?? null },
    signal: call.signal,
    progress(progress, total, message) {
      call.onProgress?.({
        progress,
        ...(total === undefined ? {} : { total }),
        ...(message === undefined ? {} : { message }),
      })
    },
    secret(name) {
      const value = secrets.get(name)
      if (value === undefined) throw new Error(`the tool ${tool.name} did not declare the secret ${name}`)
      return value
    },
  }
  try {
    return ok({ kind: 'output', output: outputOf((await defined.run(args, use)) as Json) })
  } catch (cause) {
    return call.signal.aborted ? refuse('runtime/cancelled') : toolFailure(cause)
  }
}

/** Structured for clients that read it, and the same as text for those that do not (MCP 2026-07-28, server/tools §Structured content). */
export function outputOf(value: Json): ToolOutput {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const structured = typeof value === 'object' && value !== null && !Array.isArray(value)
  return { content: [{ type: 'text', text }], ...(structured ? { structuredContent: value } : {}) }
}
