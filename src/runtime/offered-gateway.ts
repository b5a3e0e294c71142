import type { Tool } from '../core/tool.ts'
import type { Snapshot } from '../gateways/gateways.ts'
import { argumentsToRemember, askedTool, compileRules, couldPermit, decide, narrowSchema } from '../policy/policy.ts'
import { offeredThings } from './offered-things.ts'
import { compileScreening, type Plan } from '../screening/screening.ts'
import type { OfferedGateway } from './ports.ts'

const offered = new WeakMap<Snapshot, OfferedGateway>()

/** A snapshot made ready to answer: rules compiled, tools by name. Once per version and isolate, however many sessions share it. */
export function offerGateway(snapshot: Snapshot): OfferedGateway {
  const known = offered.get(snapshot)
  if (known !== undefined) return known
  const made = prepare(snapshot)
  offered.set(snapshot, made)
  return made
}

function prepare(snapshot: Snapshot): OfferedGateway {
  const rules = compileRules(snapshot.rules, String(snapshot.version))
  const planFor = compileScreening(snapshot.screening)
  const plans = new WeakMap<Tool, Plan | null>()
  const byName = new Map(snapshot.tools.map((tool) => [tool.name, tool]))
  return {
    slug: snapshot.slug,
    version: snapshot.version,
    tools: snapshot.tools,
    things: offeredThings(snapshot),
    find: (name) => byName.get(name),
    readsTaint: rules.readsTaint,
    readsSteps: rules.readsSteps,
    decisionPoint: snapshot.decisionPoint,
    decide: (question, now) => decide(rules, question, now),
    couldPermit: (question, now) => couldPermit(rules, question, now),
    screening(tool, kind = 'tool') {
      let plan = plans.get(tool)
      if (plan === undefined) plans.set(tool, (plan = planFor({ ...askedTool(tool), kind })))
      return plan
    },
    remember: (args) => argumentsToRemember(rules, args),
    narrow: (question, tool, now) => {
      const inputSchema = narrowSchema(rules, question, now, tool.inputSchema)
      if (inputSchema === null) return null
      return inputSchema === tool.inputSchema ? tool : { ...tool, inputSchema }
    },
  }
}
