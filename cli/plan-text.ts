import type { Difference } from '../src/gateways/diff.ts'

export type Plan = {
  action: 'create' | 'update' | 'none'
  name: string
  base: number | null
  differences: Difference[]
  tools: string[]
  warnings: { rule: string | null; kind: string; message: string }[]
}

const maxValueLength = 300

/** What would change, for a person. */
export function planText(plan: Plan): string {
  const warnings = plan.warnings.map(
    ({ rule, message }) => `  Warning: ${rule === null ? '' : `rule ${rule}: `}${message}`,
  )
  return [changeText(plan), ...warnings].join('\n')
}

function changeText({ action, name, base, differences, tools }: Plan): string {
  const offers = `Offers ${tools.length} ${tools.length === 1 ? 'tool' : 'tools'}${tools.length > 0 ? `: ${tools.join(', ')}` : ''}.`
  if (action === 'none') return `${name}: nothing to change (version ${base}). ${offers}`
  if (action === 'create') return `${name}: new gateway.\n  ${offers}`
  const lines = differences.flatMap(differenceText)
  return [`${name}: version ${base} to ${(base ?? 0) + 1}`, ...lines.map((line) => `  ${line}`), `  ${offers}`].join(
    '\n',
  )
}

export function differenceText({ path, before, after }: Difference): string[] {
  const sign = before === undefined ? '+' : after === undefined ? '-' : '~'
  if (sign !== '~') return [`${sign} ${path}: ${value(before ?? after)}`]
  return [`~ ${path}`, `    - ${value(before)}`, `    + ${value(after)}`]
}

function value(of: unknown): string {
  const text = JSON.stringify(of)
  return text.length > maxValueLength ? `${text.slice(0, maxValueLength)} ... (${text.length} characters)` : text
}
