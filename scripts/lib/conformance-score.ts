export const revisions = ['2026-07-28', '2025-11-25'] as const
export const ways = ['direct', 'gateway', 'client'] as const
export type Revision = (typeof revisions)[number]

/** Scored scenarios for clients that do not pass, each with its reason. In the order of the suite's results. */
export const notPassed: Readonly<Record<string, string>> = {}

export type Check = { id: string; status: string; description?: string; errorMessage?: string }
export type Scenario = {
  name: string
  scored: boolean
  /** Of an extension that we have: no revision requires it, but it has to pass here. */
  extension: boolean
  passed: number
  failed: Check[]
}
export type Score = { revision: Revision; through: (typeof ways)[number]; scenarios: Scenario[] }

/** For a message that says what failed. */
export const failing = (one: Scenario): string[] =>
  one.failed.map((check) => `${one.name} ${check.id}: ${check.errorMessage ?? check.description}`)

/**
 * The score, then each scenario that does not pass: `x` counts, `-` does not and is shown with `verbose`. `bad`: how many count
 * and have no reason.
 */
export function report(score: Score, verbose: boolean, reasons = notPassed): { lines: string[]; bad: number } {
  const lines = [scoreLine(score)]
  let bad = 0
  for (const { name, scored, extension, failed } of score.scenarios) {
    const counts = scored || extension
    if (failed.length === 0 || (!counts && !verbose)) continue
    const why = score.through === 'client' ? reasons[name] : undefined
    if (counts && why === undefined) bad++
    lines.push(`  ${counts ? 'x' : '-'} ${name}${why === undefined ? '' : `: ${why}`}`)
    lines.push(...failed.map((check) => `      ${check.id}: ${check.errorMessage ?? check.description ?? ''}`))
  }
  return { lines, bad }
}

function scoreLine({ revision, through, scenarios }: Score): string {
  const scored = scenarios.filter((one) => one.scored)
  const good = scored.filter((one) => one.failed.length === 0)
  const checks = scored.reduce((sum, one) => sum + one.passed, 0)
  const failures = scored.reduce((sum, one) => sum + one.failed.length, 0)
  const added = scenarios.filter((one) => one.extension)
  const addedGood = added.filter((one) => one.failed.length === 0)
  const beside = added.length > 0 ? `, ${addedGood.length}/${added.length} extension scenarios` : ''
  return `${revision} ${through.padEnd(7)} ${good.length}/${scored.length} scored scenarios, ${checks}/${checks + failures} checks${beside}`
}
