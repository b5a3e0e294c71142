import type { ApiClient } from '../core/api-client.ts'
import type { JsonObject } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import { refuse } from '../core/result.ts'
import type { Tool } from '../core/tool.ts'
import type { Lease } from '../vault/vault.ts'
import { runToolkitTool } from './run-toolkit-tool.ts'
import type { Runner, RunReply, ToolCall } from './ports.ts'
import type { UpstreamUse } from './run-upstream-tool.ts'
import { runUpstreamTool } from './run-upstream-tool.ts'
import type { WorkerUse } from './run-worker-tool.ts'
import { runWorkerTool } from './run-worker-tool.ts'

export type RunnerUse = {
  now: () => number
  /** The provider's API with the credential put on. `null` lease: the tool needs none. */
  api(call: ToolCall, tool: Tool, lease: Lease | null, saw: (facts: JsonObject) => void): ApiClient
  secrets(call: ToolCall, tool: Tool): Promise<Result<ReadonlyMap<string, string>>>
  /** The server behind the tool, and what proves to it who calls. */
  upstream(
    call: ToolCall,
    tool: Tool,
    lease: Lease | null,
    secrets: ReadonlyMap<string, string>,
  ): Result<UpstreamUse> | Promise<Result<UpstreamUse>>
  /** The tool Worker behind the tool, and what it may do meanwhile. */
  worker(
    call: ToolCall,
    tool: Tool,
    lease: Lease | null,
    secrets: ReadonlyMap<string, string>,
    saw: (facts: JsonObject) => void,
  ): Result<WorkerUse>
}

/** Runs a tool where it lives. */
export function createRunner(use: RunnerUse): Runner {
  return {
    async run(call, tool, args, lease, saw): Promise<Result<RunReply>> {
      if (call.signal.aborted) return refuse('runtime/cancelled')
      const secrets = tool.secrets.length > 0 ? await use.secrets(call, tool) : noSecrets
      if (!secrets.ok) return secrets
      switch (tool.source.kind) {
        case 'toolkit':
          return runToolkitTool(call, tool, args, {
            api: use.api(call, tool, lease, saw),
            now: use.now(),
            secrets: secrets.value,
          })
        case 'upstream': {
          const upstream = await use.upstream(call, tool, lease, secrets.value)
          return upstream.ok ? runUpstreamTool(call, tool, args, upstream.value, saw) : upstream
        }
        case 'worker': {
          const worker = use.worker(call, tool, lease, secrets.value, saw)
          return worker.ok ? runWorkerTool(call, tool, args, worker.value) : worker
        }
        default:
          return refuse('runtime/unknown_tool')
      }
    },
  }
}

const noSecrets: Result<ReadonlyMap<string, string>> = { ok: true, value: new Map() }
