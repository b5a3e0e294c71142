import { ToolError } from './errors.ts'

/** Something a person names: the channel, the deal, the repository. */
export type Candidate<Value> = {
  value: Value
  /** What it may be called, the best name first. */ names: readonly string[]
}

const mostChoices = 10
/** Share of common pairs of letters from which two names count as near (Dice coefficient). */
const near = 0.4

/**
 * Finds what a person meant. A clear match is used; several come back as choices; none comes back with the nearest.
 * Exact (but for case and width) beats a word of it, which beats a part of it.
 *
 * Errors: ToolError `ambiguous` or `not_found`, both with choices.
 */
export function resolveReference<Value>(
  what: string,
  reference: string,
  candidates: readonly Candidate<Value>[],
): Value {
  const wanted = normalise(reference)
  for (const matches of [
    candidates.filter(({ names }) => names.some((name) => normalise(name) === wanted)),
    candidates.filter(({ names }) =>
      names.some((name) =>
        normalise(name)
          .split(/[^\p{L}\p{N}]+/u)
          .includes(wanted),
      ),
    ),
    candidates.filter(({ names }) => names.some((name) => normalise(name).includes(wanted))),
  ]) {
    const [only] = matches
    if (matches.length === 1 && only) return only.value
    if (matches.length > 1) {
      throw new ToolError('ambiguous', `"${reference}" fits several ${what}. Say which one.`, {
        choices: labels(matches),
      })
    }
  }
  const nearest = nearestTo(wanted, candidates)
  const hint = nearest.length > 0 ? 'These are the nearest.' : 'Nothing is near it.'
  throw new ToolError('not_found', `There is no "${reference}" among the ${what}. ${hint}`, {
    choices: labels(nearest),
  })
}

function nearestTo<Value>(wanted: string, candidates: readonly Candidate<Value>[]): Candidate<Value>[] {
  return candidates
    .map((candidate) => ({
      candidate,
      score: Math.max(...candidate.names.map((name) => similarity(wanted, normalise(name)))),
    }))
    .filter(({ score }) => score >= near)
    .toSorted((a, b) => b.score - a.score)
    .slice(0, 5)
    .map(({ candidate }) => candidate)
}

function labels<Value>(candidates: readonly Candidate<Value>[]): string[] {
  return candidates.slice(0, mostChoices).map(({ names }) => names[0] ?? '')
}

function normalise(text: string): string {
  return text.normalize('NFKC').toLowerCase().trim()
}

function similarity(a: string, b: string): number {
  const left = pairs(a)
  const right = pairs(b)
  if (left.size === 0 || right.size === 0) return a === b ? 1 : 0
  let common = 0
  for (const pair of left) if (right.has(pair)) common++
  return (2 * common) / (left.size + right.size)
}

function pairs(text: string): Set<string> {
  const found = new Set<string>()
  for (let i = 0; i + 1 < text.length; i++) found.add(text.slice(i, i + 2))
  return found
}
