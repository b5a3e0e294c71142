import type { RuleTests } from '../src/policy/policy.ts'
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
} as const

export const questionHelp = `--user, --agent  who, through what
--tool, --arguments   what: a name, and the arguments as JSON
--after <tool>        a step the session has done already; may be given several times
--taint <label>       a label the session has; may be given several times
--at, --address, --task, --signed-in-ago   2026-01-05T12:00:00Z, 10.1.2.3, a task id, 15m
--decision-point      what the company's decision point would say: permit, deny, unavailable or invalid`

/** As a test would say it. */
export function questionOf({ values }: Args): Given & { tool: string } {
  const tool = text(values['tool'])
  if (tool === undefined) throw new Fault('--tool is missing.', exitCodes.usage)
  const given = {
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
    ...(values['arguments'] === undefined ? {} : { arguments: readJson(text(values['arguments']) ?? '') }),
    ...(values['after'] === undefined ? {} : { steps: values['after'] }),
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

function readJson(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    throw new Fault('--arguments has to be JSON.', exitCodes.usage)
  }
}
