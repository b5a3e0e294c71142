import type { JsonObject } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { Tool } from '../core/tool.ts'
import type { Question } from '../policy/policy.ts'
import { askedTool } from '../policy/policy.ts'
import type { Lease } from '../vault/vault.ts'
import type { Runtime, ToolCall } from './ports.ts'

type Asker = Pick<ToolCall, 'caller' | 'task' | 'about' | 'resumed'>
type Asked = Pick<Runtime, 'gateway' | 'facts' | 'now'>

/** It goes on at the server as a task: approved and paid for when it began. Whether it is still permitted is asked again. */
export const hasBegun = ({ resumed }: Pick<ToolCall, 'resumed'>): boolean => resumed?.state.held === 'server'

/** May this agent do this for this person now? `args: null` asks whether any arguments could be permitted. */
export function questionFor(
  call: Asker,
  tool: Tool,
  args: JsonObject | null,
  use: Asked,
  lease?: Lease | null,
): Question {
  const { caller } = call
  return {
    kind: call.about?.kind ?? 'tool',
    gateway: use.gateway.slug,
    user: caller.user,
    agent: caller.agent,
    tool: askedTool(tool).tool,
    arguments: args,
    ...(lease
      ? {
          connection: {
            provider: lease.provider,
            account: lease.accountLabel,
            scopes: lease.scopes,
            createdAt: lease.connectedAt,
          },
        }
      : {}),
    session: hasBegun(call) ? { ...use.facts.read(), spent: {} } : use.facts.read(),
    ...(call.task === undefined ? {} : { task: call.task }),
    ...(caller.clientAddress === undefined ? {} : { clientAddress: caller.clientAddress }),
  }
}

function find({ name, about }: ToolCall, { gateway }: Runtime): Tool | undefined {
  if (!about) return gateway.find(name)
  return about.kind === 'prompt' ? gateway.things.prompt(name) : gateway.things.resource(name)
}

/** The tool, if some arguments could be permitted to this caller; otherwise it does not exist (attack case 63). */
export function findTool(call: ToolCall, use: Runtime): Result<Tool> {
  const tool = find(call, use)
  // The rules are asked about what does not exist too, or the time would tell it from what is forbidden.
  const listed = use.gateway.couldPermit(questionFor(call, tool ?? nothing(call.name), null, use), use.now())
  if (tool && listed) return ok(tool)
  if (!tool) return refuse('runtime/unknown_tool', { evidence: { stage: 'visibility' } })
  return refuse('policy/denied', { evidence: { tool: tool.name, stage: 'visibility' } })
}

const nothing = (name: string): Tool => ({
  name,
  title: '',
  description: '',
  inputSchema: {},
  behaviour: { operation: 'update', destructive: true, idempotent: false, openWorld: true },
  source: { kind: 'builtin' },
  secrets: [],
  sensitive: [],
  definitionHash: '',
})
