import type { Json } from '../core/json.ts'
import type { ToolOutput } from '../core/tool.ts'
import type { Detector } from './detector.ts'
import { hiddenText } from './hidden-text.ts'
import { injectedInstructions } from './injected-instructions.ts'
import { liveSecrets } from './live-secrets.ts'
import { mark } from './mark.ts'
import { nationalIds } from './national-ids.ts'
import { personalData } from './personal-data.ts'
import type { Plan } from './plan.ts'
import type { Found } from './screen-value.ts'
import { screenValue } from './screen-value.ts'

export const detectors: readonly Detector[] = [injectedInstructions, hiddenText, liveSecrets, personalData, nationalIds]

export type ScreenedOutput = { output: ToolOutput; found: Found[]; labels: Set<string>; withheld: boolean }

/** `result`: of a tool, or what a prompt, a resource or a completion answers with in `structuredContent`. */
export function screenOutput(
  output: ToolOutput,
  plan: Plan,
  { result, by = detectors }: { result: 'tool' | 'other'; by?: readonly Detector[] },
): ScreenedOutput {
  if (plan.treatments.size === 0) return { output, found: [], labels: new Set(), withheld: false }
  const { value, found, labels, withheld } = screenValue(output as unknown as Json, plan, by)
  const screened = value as unknown as ToolOutput
  const marked = found.filter(({ action }) => action === 'mark')
  return { output: marked.length > 0 ? mark(screened, marked, result) : screened, found, labels, withheld }
}
