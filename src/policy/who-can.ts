import type { Agent, User } from '../core/caller.ts'
import type { CompiledRules } from './compile.ts'
import type { Question } from './decision.ts'
import { couldPermit } from './decide.ts'
import { FALSE, TRUE } from './truth.ts'
import { contextOf, weigh, type Voices } from './weigh.ts'

/**
 * `always`: whatever the arguments, whenever. `sometimes`: it depends on arguments, the session or the time.
 * `approval`: as `sometimes`, and somebody may have to approve.
 */
export type Access = {
  user: string
  agent: string
  may: 'always' | 'sometimes' | 'approval'
  /** The rules that it depends on. */
  rules: string[]
}

/** Who can call a tool: everybody of those given who could, at the start of a session. Those who never could are left out. */
export function whoCan(
  compiled: CompiledRules,
  tool: Pick<Question, 'gateway' | 'tool' | 'kind'>,
  principals: { users: readonly User[]; agents: readonly Agent[] },
  now: number,
): Access[] {
  const rows: Access[] = []
  for (const user of principals.users) {
    for (const agent of principals.agents) {
      const session = { startedAt: now, authenticatedAt: now, steps: [], taint: [], spent: {} }
      const question: Question = { ...tool, user, agent, session, arguments: null }
      if (!couldPermit(compiled, question, now)) continue
      const voices = weigh(compiled, contextOf(question, now, true))
      rows.push({ user: user.id, agent: agent.id, may: howOften(voices), rules: rulesOf(voices) })
    }
  }
  return rows
}

function howOften(voices: Voices): Access['may'] {
  if (voices.approve.length > 0) return 'approval'
  const surely = (side: 'user' | 'agent'): boolean => voices[side].some(({ value }) => value === TRUE)
  return surely('user') && surely('agent') && voices.forbid.length === 0 && voices.limit.length === 0
    ? 'always'
    : 'sometimes'
}

function rulesOf(voices: Voices): string[] {
  return Object.values(voices)
    .flat()
    .filter(({ of, value }) => of.rule.effect !== 'permit' || value !== FALSE)
    .map(({ of }) => of.rule.id)
}
