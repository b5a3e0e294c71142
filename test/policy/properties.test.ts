import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { couldPermit, decide } from '../../src/policy/policy.ts'
import { candidates } from '../../src/policy/rule-index.ts'
import { args, condition, document, question } from './arbitrary.ts'
import { ask, compile, now, rulesWith, verdict } from './questions.ts'
import { runs } from '../support/property.ts'

describe('for any rules and any question', () => {
  it('the index finds every rule that is about the question, in order', () => {
    const property = fc.property(document, question, (rules, q) => {
      const compiled = compile(rules)
      const about = (positions: number[]): number[] => positions.filter((at) => compiled.rules[at]?.selects(q))
      expect(about(candidates(compiled.index, q))).toEqual(about([...compiled.rules.keys()]))
    })
    fc.assert(property, { numRuns: runs(150) })
  })

  it('what is permitted is on the list, at every earlier moment of the session', () => {
    const earlier = fc.record({ steps: fc.nat(5), ms: fc.nat(3_60_000) })
    let permitted = 0
    const property = fc.property(
      condition,
      question,
      fc.constantFrom('permit', 'forbid'),
      earlier,
      (when, q, effect, before) => {
        const compiled = rulesWith(effect, when)
        if (decide(compiled, q, now).effect === 'deny') return
        permitted++
        const session = { ...q.session, steps: q.session.steps.slice(0, before.steps), taint: [] }
        expect(couldPermit(compiled, { ...q, arguments: null }, now)).toBe(true)
        expect(couldPermit(compiled, { ...q, arguments: null, session }, now - before.ms)).toBe(true)
      },
    )
    fc.assert(property, { numRuns: runs(1000) })
    expect(permitted).toBeGreaterThan(100)
  })

  it('the same question has the same answer, and nothing is changed by asking', () => {
    const property = fc.property(document, question, (rules, q) => {
      const frozen = structuredClone(q)
      const first = decide(compile(rules), q, now)
      expect(decide(compile(rules), q, now)).toEqual(first)
      expect(q).toEqual(frozen)
    })
    fc.assert(property, { numRuns: runs(150) })
  })

  it('one more forbid never permits more, and one more permit never forbids more', () => {
    const property = fc.property(document, question, condition, (rules, q, when) => {
      const base = rules as { user: object[]; agent: object[] }
      const effect = (extra: object): string => decide(compile({ ...base, user: [...base.user, extra] }), q, now).effect
      const before = decide(compile(rules), q, now).effect
      const extra = before === 'deny' ? 'forbid' : 'permit'
      expect(effect({ id: 'more', effect: extra, when })).toBe(before)
    })
    fc.assert(property, { numRuns: runs(150) })
  })

  it('a permit and a forbid with the same condition never both let pass', () => {
    const seen = new Set<string>()
    const property = fc.property(condition, args, (when, a) => {
      seen.add(verdict(when, ask('Files_Read', a)))
    })
    fc.assert(property, { numRuns: runs(150) })
    expect([...seen].toSorted()).toEqual(['error', 'false', 'true'])
  })

  it('survives any JSON as arguments', () => {
    const property = fc.property(document, question, fc.jsonValue({ maxDepth: 4 }), (rules, q, value) => {
      const a = JSON.parse(JSON.stringify({ a: value, b: value })) as { a: never; b: never }
      expect(['permit', 'deny', 'approve']).toContain(decide(compile(rules), { ...q, arguments: a }, now).effect)
    })
    fc.assert(property, { numRuns: runs(100) })
  })
})
