import type { Caller } from '../core/caller.ts'
import type { Tool } from '../core/tool.ts'
import type { Runtime } from './ports.ts'
import { questionFor } from './question.ts'

/**
 * Exactly what could be permitted to this user through this agent (promise 5): the same evaluator as a call, with the
 * arguments unknown, and schemas narrowed to what a rule pins. The order is the snapshot's, so it never depends on who asks.
 */
export function listTools(caller: Caller, use: Pick<Runtime, 'gateway' | 'facts' | 'now'>): Tool[] {
  const now = use.now()
  const offered: Tool[] = []
  for (const tool of use.gateway.tools) {
    const question = questionFor({ caller }, tool, null, use)
    if (use.gateway.couldPermit(question, now)) offered.push(use.gateway.narrow(question, tool, now))
  }
  return offered
}
