import { z } from 'zod'
import { isForModel } from '../../catalog/catalog.ts'
import type { JsonObject } from '../../core/json.ts'
import { ok, refuse } from '../../core/result.ts'
import { permitted } from '../list-tools.ts'
import { askerOf, ownTool, reads } from './own-tool.ts'

export const describeTool = ownTool({
  name: 'describe_tool',
  title: 'Describe a tool',
  description: 'Everything about one tool: what it does, and the JSON Schema of its arguments, for call_tool.',
  input: z.object({ name: z.string().min(1).max(128).describe('The name of the tool, as search_tools gave it.') }),
  behaviour: reads,
  async run({ name }, { call, use, own }) {
    const found = use.gateway.find(name)
    const offered = found && isForModel(found) ? found : undefined
    const tool = offered ? permitted(offered, askerOf(call), use, use.now()) : null
    // The same refusal as a call would get (promise 5).
    if (!tool) return refuse(offered ? 'policy/denied' : 'runtime/unknown_tool', { evidence: { tool: name } })
    const { title, description, inputSchema, outputSchema, behaviour } = tool
    return ok({
      name: tool.name,
      title,
      description,
      app: own.finding.appOf(tool).title,
      inputSchema,
      ...(outputSchema ? { outputSchema } : {}),
      annotations: {
        readOnlyHint: behaviour.operation === 'read',
        destructiveHint: behaviour.destructive,
        idempotentHint: behaviour.idempotent,
        openWorldHint: behaviour.openWorld,
      },
      ...(tool.meta ? { _meta: tool.meta } : {}),
    } satisfies JsonObject)
  },
})
