import { z } from 'zod'
import type { JsonObject } from '../../core/json.ts'
import { isObject, parseJson } from '../../core/json.ts'
import type { Result } from '../../core/result.ts'
import { ok, refuse } from '../../core/result.ts'
import type { ToolCall } from '../ports.ts'
import { ownTool } from './own-tool.ts'

export const callTool = ownTool({
  name: 'call_tool',
  title: 'Call a tool',
  description:
    'Calls a tool that search_tools found. It is the same as calling the tool by its own name: the same checks, and the same result.',
  input: z.object({
    name: z.string().min(1).max(128).describe('The name of the tool, as search_tools gave it.'),
    arguments: z.record(z.string(), z.json()).default({}).describe('Its arguments, by the schema of describe_tool.'),
  }),
  // What is behind it may do anything.
  behaviour: { operation: 'update', destructive: true, idempotent: false, openWorld: true },
  async run() {
    throw new Error('call_tool stands for another call and never runs itself')
  },
})

/**
 * The call that `call_tool` stands for. Its own headers say nothing about the arguments of the other tool, so there is nothing
 * to hold against them.
 *
 * Errors: `runtime/invalid_arguments`.
 */
export function innerCall(outer: ToolCall): Result<ToolCall> {
  const call = { ...outer }
  delete call.paramHeaders
  const { name, arguments: given = {}, ...rest } = call.arguments
  if (typeof name !== 'string' || name === '' || name === 'call_tool') return invalid('name: the name of another tool')
  if (Object.keys(rest).length > 0) return invalid('put the arguments of the tool into `arguments`')
  const args = objectOf(given)
  return args === null ? invalid('arguments: an object') : ok({ ...call, name, arguments: args })
}

/** Some models write a nested object as text. */
function objectOf(given: unknown): JsonObject | null {
  if (isObject(given)) return given as JsonObject
  if (typeof given !== 'string') return null
  const parsed = parseJson(given)
  return parsed.ok && isObject(parsed.value) ? (parsed.value as JsonObject) : null
}

const invalid = (text: string) => refuse('runtime/invalid_arguments', { help: { text } })
