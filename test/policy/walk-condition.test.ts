import { describe, expect, it } from 'vitest'
import { childrenOf, clausesOf } from '../../src/policy/walk-condition.ts'
import { compile } from './questions.ts'

const leaf = { taint: 'secret' }
/** A condition within each key that holds conditions. */
const places = [
  { all: [{ argument: 'a', exists: true }, leaf] },
  { any: [leaf] },
  { not: leaf },
  { argument: 'list', every: leaf },
  { argument: 'list', some: leaf },
]

describe('what stands within a condition', () => {
  it.each(places)('is found wherever it stands: %j', (when) => {
    expect(clausesOf(when)).toContainEqual(leaf)
    const reads = (condition: object) => compile({ user: [{ id: 'r', effect: 'forbid', when: condition }], agent: [] })
    expect(reads(when).readsTaint).toBe(true)
    const steps = JSON.parse(
      JSON.stringify(when).replace(JSON.stringify(leaf), '{"after":{"sameArguments":["b"]}}'),
    ) as object
    expect(reads(steps)).toMatchObject({ readsSteps: true, readsTaint: false })
    expect([...reads(steps).stepArguments]).toEqual(['b'])
  })

  it('is apart when it is asked of earlier steps, and remembered for them', () => {
    const when = { notAfter: { tools: ['X'], where: { argument: 'to', sameAs: { argument: 'cc' } } } }
    expect(childrenOf(when)).toEqual([{ path: ['notAfter', 'where'], condition: when.notAfter.where, asks: 'step' }])
    expect(clausesOf(when)).toEqual([when])
    const { stepArguments } = compile({ user: [{ id: 'r', effect: 'forbid', when }], agent: [] })
    expect([...stepArguments]).toEqual(['to', 'cc'])
  })
})
