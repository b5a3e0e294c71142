import type { RuleTests } from '../src/policy/policy.ts'
import { isObject } from '../src/core/json.ts'
import { ruleTestsSchema } from '../src/policy/policy.ts'
import type { Args } from './command.ts'
import { Fault, exitCodes, text } from './command.ts'

type Given = RuleTests['cases'][number]['given']

/** Options that describe one question. */
export const questionOptions = {
  user: { type: 'string' },
  agent: { type: 'string' },
  tool: { type: 'string' },
  arguments: { type: 'string' },
  after: { type: 'string', multiple: true },
  taint: { type: 'string', multiple: true },
  at: { type: 'string' },
  address: { type: 'string' },
  task: { type: 'string' },
  'signed-in-ago': { type: 'string' },
  'decision-point': { type: 'string' },
  given: { type: 'string' },
} as const

export const questionHelp = `--user, --agent  who, through what
--tool, --arguments   what: a name, and the arguments as JSON
--after <tool>        a step the session has done already; may be given several times. With its arguments, or as a whole
                      step: --after 'Claims_GetClaimStatus {"claim_id":"C-1"}', --after '{"tool":"X","outcome":"failed"}'
--taint <label>       a label the session has; may be given several times
--at, --address, --task, --signed-in-ago   2026-01-05T12:00:00Z, 10.1.2.3, a task id, 15m
--decision-point      what the company's decision point would say: permit, deny, unavailable or invalid
--given <json>        whatever else a test of rules may give: '{"startedAgo":"20m","connection":{"scopes":["repo"]}}'`

/** As a test would say it. */
export function questionOf({ values }: Args): Given & { tool: string } {
  const tool = text(values['tool'])
  if (tool === undefined) throw new Fault('--tool is missing.', exitCodes.usage)
  const more = values['given'] === undefined ? {} : readJson('--given', text(values['given']) ?? '')
  const given = {
    ...(isObject(more) ? more : {}),
    tool,
    ...named(values, {
      user: 'user',
      agent: 'agent',
      at: 'at',
      address: 'address',
      task: 'task',
      signedInAgo: 'signed-in-ago',
      decisionPoint: 'decision-point',
    }),
    ...(values['arguments'] === undefined
      ? {}
      : { arguments: readJson('--arguments', text(values['arguments']) ?? '') }),
    ...(values['after'] === undefined ? {} : { steps: [values['after']].flat().map((step) => readStep(String(step))) }),
    ...(values['taint'] === undefined ? {} : { taint: values['taint'] }),
  }
  const parsed = ruleTestsSchema.safeParse({ cases: [{ name: 'question', given, expect: 'permit' }] })
  const question = parsed.success ? parsed.data.cases[0]?.given : undefined
  if (question !== undefined) return { ...question, tool }
  const issues = parsed.success ? [] : parsed.error.issues
  throw new Fault(
    issues.map(({ path, message }) => `${path.slice(3).join('.')}: ${message}`).join('\n'),
    exitCodes.usage,
  )
}

function named(values: Args['values'], options: Record<string, string>): Record<string, string> {
  const found = Object.entries(options).map(([key, option]) => [key, text(values[option])] as const)
  return Object.fromEntries(found.filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/** A name, a name and its arguments, or a whole step. */
function readStep(value: string): unknown {
  if (value.startsWith('{')) return readJson('--after', value)
  const [, tool = value, args] = /^(\S+)\s+(\{.*)$/s.exec(value) ?? []
  return args === undefined ? tool : { tool, arguments: readJson('--after', args) }
}

function readJson(option: string, value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    throw new Fault(`${option} has to be JSON.`, exitCodes.usage)
  }
}
