import { ToolIndex } from '../src/catalog/catalog.ts'
import type { Tool } from '../src/core/tool.ts'
import { compileRules, couldPermit, parseRules } from '../src/policy/policy.ts'
import type { Question } from '../src/policy/policy.ts'
import { bigCatalogue, bigQuestions } from '../test/support/catalogue.ts'
import { percentile } from './lib/load.ts'

export type SearchFigures = { buildMs: number; p50Ms: number; p99Ms: number; recallAt5: number }

const rounds = 20

/** Search over 1,000 tools; whether the caller may use one is asked of the same evaluator as in a list. */
export function measureSearch(): SearchFigures {
  const tools = bigCatalogue()
  const parsed = parseRules({ user: [{ id: 'u', effect: 'permit' }], agent: [{ id: 'a', effect: 'permit' }] })
  if (!parsed.ok) throw new Error(parsed.error.message)
  const rules = compileRules(parsed.value, '1')
  const now = Date.now()
  const session = { startedAt: now, authenticatedAt: now, steps: [], taint: [], spent: {} }
  const mayUse = ({ name, behaviour }: Tool): boolean => {
    const tool = { name, toolkit: null, upstream: null, behaviour, scopes: [] }
    return couldPermit(
      rules,
      { gateway: 'bench', user, agent, tool, arguments: null, session } as unknown as Question,
      now,
    )
  }
  const started = performance.now()
  const index = new ToolIndex(tools, ({ source }) => (source.kind === 'upstream' ? source.upstream : ''))
  const buildMs = performance.now() - started
  const times: number[] = []
  let found = 0
  for (let round = 0; round < rounds; round++) {
    for (const [query, wanted] of bigQuestions) {
      const before = performance.now()
      const first = index.search(query, mayUse).slice(0, 5)
      times.push(performance.now() - before)
      if (first.some(({ name }) => name === wanted)) found++
    }
  }
  return { buildMs, p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99), recallAt5: found / times.length }
}

const user = { id: 'user', kind: 'person', issuer: 'bench', subject: 'user', name: 'User', groups: [], attributes: {} }
const agent = { id: 'agent', kind: 'registered', clientId: 'bench', name: 'Bench', trust: 'known' }
