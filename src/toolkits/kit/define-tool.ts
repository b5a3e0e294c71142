import { z } from 'zod'
import type { JsonObject } from '../../core/json.ts'
import type { Behaviour } from '../../core/tool.ts'
import type { ApiClient } from './api-client.ts'

/** What a running tool may use. It never sees a token: `api` puts the credential on, for the provider's own hosts only. */
export type ToolUse = {
  api: ApiClient
  user: { name: string; email: string | null }
  /** Epoch ms. */
  now: number
  signal: AbortSignal
  progress(done: number, total?: number, message?: string): void
  /** A secret the tool declared. Throws when it did not declare it. */
  secret(name: string): string
}

export type ToolDefinition<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodType = z.ZodType> = {
  /** PascalCase, without the toolkit: `CreateIssue`. */
  name: string
  title: string
  /** For the model: when to use it, when not, and which tool instead. */
  description: string
  input: Input
  output?: Output
  behaviour: Behaviour
  /** Least provider scopes for this one function. */
  scopes?: readonly string[]
  secrets?: readonly string[]
  /** False: it needs no account of the person although its toolkit has a provider. */
  account?: boolean
  /** JSON pointers into `{ arguments, result }` that the record must never show. */
  sensitive?: readonly string[]
  run(input: z.output<Input>, use: ToolUse): Promise<z.input<Output>>
}

export type DefinedTool = {
  name: string
  title: string
  description: string
  inputSchema: JsonObject
  outputSchema?: JsonObject
  behaviour: Behaviour
  scopes: readonly string[]
  secrets: readonly string[]
  sensitive: readonly string[]
  account: boolean
  input: z.ZodObject
  run(input: unknown, use: ToolUse): Promise<unknown>
}

/**
 * A tool is data and one function. `input` must be closed (unknown keys are refused, not dropped: attack case 50).
 */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodType>(
  tool: ToolDefinition<Input, Output>,
): DefinedTool {
  const { output } = tool
  const input = tool.input.strict()
  return {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: jsonSchema(input),
    ...(output ? { outputSchema: jsonSchema(output) } : {}),
    behaviour: tool.behaviour,
    scopes: tool.scopes ?? [],
    secrets: tool.secrets ?? [],
    sensitive: tool.sensitive ?? [],
    account: tool.account ?? true,
    input,
    async run(args, use) {
      const value = await tool.run(args as z.output<Input>, use)
      return output ? output.parse(value) : value
    },
  }
}

function jsonSchema(schema: z.ZodType): JsonObject {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' })
  return rest as JsonObject
}

export type Toolkit = {
  /** Prefix of its tools on the wire: `GitHub` gives `GitHub_CreateIssue`. */
  name: string
  title: string
  /** The provider whose credential of the user the tools need. */
  provider?: string
  tools: readonly DefinedTool[]
}
