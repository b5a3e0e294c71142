import type { CompiledRules } from './compile.ts'
import { decide } from './decide.ts'
import type { Decision, Question } from './decision.ts'

/** A call as the record has it: the question of its time, and what was decided then. */
export type RecordedCall = { call: string; at: number; question: Question; effect?: Decision['effect'] }

export type Flip = {
  from: Decision['effect']
  to: Decision['effect']
  tool: string
  agent: string
  /** Of the draft: the rules that would decide. */
  rules: readonly string[]
  calls: number
  users: number
  /** Call ids, the first few. */
  examples: string[]
}

export type Simulation = {
  calls: number
  same: number
  /** Most calls first. */
  flips: Flip[]
  /** Calls that the live rules do not decide as it was recorded: what they knew then is not all in the record. */
  notReproduced: number
}

const mostExamples = 5

/** What a draft would have decided on recorded calls, against what the live rules decide on the same questions. */
export function simulate(live: CompiledRules, draft: CompiledRules, recorded: readonly RecordedCall[]): Simulation {
  const simulation: Simulation = { calls: recorded.length, same: 0, flips: [], notReproduced: 0 }
  const groups = new Map<string, { flip: Flip; users: Set<string> }>()
  for (const { call, at, question, effect } of recorded) {
    const before = decide(live, question, at)
    const after = decide(draft, question, at)
    if (effect !== undefined && effect !== before.effect) simulation.notReproduced++
    if (before.effect === after.effect) {
      simulation.same++
      continue
    }
    const key = JSON.stringify([before.effect, after.effect, question.tool.name, question.agent.id, after.rules])
    const group = groups.get(key) ?? { flip: emptyFlip(before, after, question), users: new Set<string>() }
    groups.set(key, group)
    group.flip.calls++
    group.users.add(question.user.id)
    if (group.flip.examples.length < mostExamples) group.flip.examples.push(call)
  }
  const flips = [...groups.values()].map(({ flip, users }) => ({ ...flip, users: users.size }))
  return { ...simulation, flips: flips.toSorted((a, b) => b.calls - a.calls) }
}

function emptyFlip(before: Decision, after: Decision, { tool, agent }: Question): Flip {
  const { rules } = after
  return {
    from: before.effect,
    to: after.effect,
    tool: tool.name,
    agent: agent.clientId,
    rules,
    calls: 0,
    users: 0,
    examples: [],
  }
}
