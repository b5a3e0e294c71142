import { compileToolSelector } from '../policy/policy.ts'
import type { Question } from '../policy/policy.ts'
import type { Kind } from './detector.ts'
import { kinds } from './detector.ts'
import type { Action, ScreeningRule, ScreeningSettings } from './settings.ts'

/** What a result of one source is looked through for. */
export type Plan = {
  /** Labels that any result gives. */
  labels: readonly string[]
  /** Only kinds for which something is done. */
  treatments: ReadonlyMap<Kind, Treatment>
}

export type Treatment = { action: Exclude<Action, 'nothing'>; label: string | null }

/** Null: nothing is to be done, and nothing is looked at. */
export type Planner = (source: Pick<Question, 'tool' | 'kind'>) => Plan | null

/** Made once per version of a gateway. */
export function compileScreening(settings: ScreeningSettings): Planner {
  const taints = settings.taints.map(({ results, label }) => ({ label, isAbout: selector(results) }))
  const rules = settings.rules.map((rule) => ({ rule, isAbout: selector(rule.results) }))
  return ({ tool, kind }) => {
    const labels = new Set(taints.filter(({ isAbout }) => isAbout(tool, kind)).map(({ label }) => label))
    const about = rules.filter(({ isAbout }) => isAbout(tool, kind)).map(({ rule }) => rule)
    const ours = settings.defaults && tool.upstream !== null
    const treatments = new Map<Kind, Treatment>()
    for (const one of kinds) {
      const rule = about.find(({ find }) => find.includes(one) || (isPersonal(one) && find.includes('personal')))
      const treatment = rule ? treatmentOf(rule, one) : ours ? (defaults[one] ?? null) : null
      if (treatment !== null) treatments.set(one, treatment)
    }
    return labels.size === 0 && treatments.size === 0 ? null : { labels: [...labels], treatments }
  }
}

/** Every label that a result could give here, as far as the settings say. */
export function possibleLabels(plans: Iterable<Plan | null>): Set<string> {
  const labels = new Set<string>()
  for (const plan of plans) {
    for (const label of plan?.labels ?? []) labels.add(label)
    for (const { label } of plan?.treatments.values() ?? []) if (label !== null) labels.add(label)
  }
  return labels
}

const selector = (results: ScreeningRule['results']): ReturnType<typeof compileToolSelector> =>
  compileToolSelector(results === undefined ? {} : { tools: results })

/** For servers that nobody here wrote. Personal data is what many of them are for, so it passes until a rule says otherwise. */
const defaults: Partial<Record<Kind, Treatment>> = {
  instruction: { action: 'mark', label: 'untrusted:content' },
  hidden: { action: 'mask', label: 'untrusted:content' },
  secret: { action: 'mask', label: 'secret' },
}

function treatmentOf({ action, taint = true }: ScreeningRule, kind: Kind): Treatment | null {
  if (action === 'nothing') return null
  return { action, label: taint === true ? labelOf(kind) : taint === false ? null : taint }
}

function labelOf(kind: Kind): string {
  if (kind === 'instruction' || kind === 'hidden') return 'untrusted:content'
  return kind === 'secret' ? 'secret' : 'personal'
}

const isPersonal = (kind: Kind): boolean => kind !== 'instruction' && kind !== 'hidden' && kind !== 'secret'
