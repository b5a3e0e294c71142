import { z } from 'zod'
import type { JsonObject } from '../../core/json.ts'
import type { Result } from '../../core/result.ts'
import type { Behaviour, Tool } from '../../core/tool.ts'
import type { OwnToolName } from '../../gateways/gateways.ts'
import type { Runtime, ToolCall } from '../ports.ts'
import type { Finding } from './finding.ts'

/** What our own tools work with beside the session. */
export type OwnUse = {
  finding: Finding
  connections: OwnConnections
  /** Puts an agent's report where the administrator finds it. Errors: `policy/limit_reached`. */
  report(call: ToolCall, report: JsonObject): Promise<Result<null>>
}

/** One account of the caller at a provider. Never a token. */
export type OwnConnection = {
  id: string
  provider: string
  label: string
  status: 'active' | 'needs_sign_in' | 'suspended'
  isDefault: boolean
}

export type OwnConnections = {
  list(call: ToolCall): Promise<OwnConnection[]>
  /** A link on our own origin, for this person only. Errors: `vault/not_allowed`, `vault/unavailable`. */
  connectLink(call: ToolCall, wanted: { provider: string; scopes: readonly string[] }): Promise<Result<string>>
  /** A link on our own origin, at which the person does it. */
  accountLink(call: ToolCall, wants: 'disconnect' | 'default', connection: OwnConnection): Promise<string>
}

export type OwnContext = { call: ToolCall; use: Runtime; own: OwnUse }

/** A tool of the gateway itself, about the gateway. It calls nothing outside. */
export type OwnTool = {
  name: OwnToolName
  title: string
  description: string
  input: z.ZodObject
  behaviour: Behaviour
  run(args: JsonObject, context: OwnContext): Promise<Result<JsonObject>>
}

/** As our toolkits' tools are written: closed input, and `run` sees what passed it. */
export function ownTool<Input extends z.ZodObject>(tool: {
  name: OwnToolName
  title: string
  description: string
  input: Input
  behaviour: Behaviour
  run(args: z.output<Input>, context: OwnContext): Promise<Result<JsonObject>>
}): OwnTool {
  return { ...tool, input: tool.input.strict() } as unknown as OwnTool
}

export const reads: Behaviour = { operation: 'read', destructive: false, idempotent: true, openWorld: false }

/** Prompts and resources have another kind of question. */
export const askerOf = ({ caller, task }: ToolCall): Pick<ToolCall, 'caller' | 'task'> => ({
  caller,
  ...(task === undefined ? {} : { task }),
})

const schemas = new WeakMap<OwnTool, JsonObject>()

/** As a list has it. */
export function asTool(own: OwnTool, more = ''): Tool {
  let inputSchema = schemas.get(own)
  if (!inputSchema) {
    const { $schema: _, ...schema } = z.toJSONSchema(own.input, { io: 'input' })
    schemas.set(own, (inputSchema = schema as JsonObject))
  }
  return {
    name: own.name,
    title: own.title,
    description: more === '' ? own.description : `${own.description} ${more}`,
    inputSchema,
    behaviour: own.behaviour,
    source: { kind: 'builtin' },
    secrets: [],
    sensitive: [],
    definitionHash: '',
  }
}
