import { isForModel } from '../catalog/catalog.ts'
import type { Caller } from '../core/caller.ts'
import type { Tool } from '../core/tool.ts'
import type { Runtime, ToolCall } from './ports.ts'
import { questionFor } from './question.ts'

type Asker = Pick<ToolCall, 'caller' | 'task'>
type Use = Pick<Runtime, 'gateway' | 'facts' | 'now'>

/**
 * Exactly what could be permitted to this user through this agent (promise 5): the same evaluator as a call, with the
 * arguments unknown, and schemas narrowed to what a rule pins. The order is the snapshot's, so it never depends on who asks.
 */
export function listTools(caller: Caller, use: Use, task?: string): Tool[] {
  const now = use.now()
  const asker = { caller, ...(task === undefined ? {} : { task }) }
  const offered: Tool[] = []
  for (const tool of use.gateway.tools) {
    const one = permitted(tool, asker, use, now)
    if (one) offered.push(one)
  }
  return offered
}

/** Of these, what an agent may be told of: not the tools that are there for a page alone (SEP-1865). */
export function listModelTools(caller: Caller, use: Use, task?: string): Tool[] {
  return listTools(caller, use, task).filter(isForModel)
}

/** The tool as this caller is shown it; null: it does not exist for them. Lists, search and description all ask here. */
export function permitted(tool: Tool, asker: Asker, use: Use, now: number): Tool | null {
  return use.gateway.narrow(questionFor(asker, tool, null, use), tool, now)
}
