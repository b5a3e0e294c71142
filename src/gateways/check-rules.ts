import type { Tool } from '../core/tool.ts'
import type { OfferedPrompt, OfferedResource } from '../core/offered.ts'
import type { Catalogue, Finding, KnownTool, RulesDocument } from '../policy/policy.ts'
import { matches } from '../catalog/catalog.ts'
import type { ScreeningSettings } from '../screening/screening.ts'
import { compileScreening, possibleLabels } from '../screening/screening.ts'
import {
  analyse,
  askedPrompt,
  askedResource,
  askedTool,
  compileToolSelector,
  runRuleTests,
  taintPatterns,
} from '../policy/policy.ts'
import type { Fault } from './document.ts'

export type Offered = {
  tools: readonly Tool[]
  prompts: readonly Pick<OfferedPrompt, 'name' | 'upstream'>[]
  resources: readonly Pick<OfferedResource, 'uri' | 'upstream'>[]
}

/** Tests of the rules that fail. A document that has one is not published. */
export function failingTests(rules: RulesDocument, offered: Offered): Fault[] {
  if (rules.tests === undefined) return []
  const known = new Map(knownTools(offered).map((tool) => [tool.name, tool]))
  return runRuleTests(rules, rules.tests, known).flatMap(({ name, ok, faults }, i) =>
    ok ? [] : [{ path: `rules.tests.cases[${i}]`, message: `the test "${name}" fails: ${faults.join(' ')}` }],
  )
}

/** What is probably a mistake in the rules. Does not keep a document from being published. */
export function ruleWarnings(rules: RulesDocument, offered: Offered, groups?: readonly string[]): Finding[] {
  const catalogue: Catalogue = { tools: knownTools(offered), ...(groups === undefined ? {} : { groups }) }
  return analyse(rules, catalogue)
}

/** A rule of the screening that is about nothing here protects nobody: probably a misspelt name. */
export function screeningWarnings(screening: ScreeningSettings, rules: RulesDocument, offered: Offered): Finding[] {
  const known = knownTools(offered)
  const pointless = (where: string, list: readonly { results?: ScreeningSettings['rules'][number]['results'] }[]) =>
    list.flatMap(({ results }, i): Finding[] => {
      const isAbout = compileToolSelector(results === undefined ? {} : { tools: results })
      if (known.some(({ kind, ...tool }) => isAbout(tool, kind))) return []
      return [{ rule: null, kind: 'no_tool', message: `screening.${where}[${i}] is about nothing that is offered.` }]
    })
  return [
    ...pointless('taints', screening.taints),
    ...pointless('rules', screening.rules),
    ...unknownLabels(screening, rules, known),
  ]
}

/** A rule that waits for a label which nothing gives forbids nothing. */
function unknownLabels(screening: ScreeningSettings, { user, agent }: RulesDocument, known: KnownTool[]): Finding[] {
  const planFor = compileScreening(screening)
  const labels = [...possibleLabels(known.map(({ kind = 'tool', ...tool }) => planFor({ kind, tool })))]
  return [...user, ...agent].flatMap(({ id, when }) =>
    taintPatterns(when ?? {})
      .filter((pattern) => !labels.some((label) => matches(pattern, label)))
      .map((pattern) => ({ rule: id, kind: 'never_holds', message: `No result here gives the label ${pattern}.` })),
  )
}

/** What rules can be about at a gateway. */
export function knownTools({
  tools,
  prompts,
  resources,
}: Offered): (KnownTool & { inputSchema?: Tool['inputSchema'] })[] {
  return [
    ...tools.map((tool) => ({ ...flat(askedTool(tool)), inputSchema: tool.inputSchema })),
    ...prompts.map((prompt) => flat(askedPrompt(prompt))),
    ...resources.map((resource) => flat(askedResource(resource))),
  ]
}

const flat = ({ kind, tool }: ReturnType<typeof askedTool | typeof askedPrompt | typeof askedResource>): KnownTool => ({
  ...tool,
  kind,
})
