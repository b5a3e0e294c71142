import { describe, expect, it } from 'vitest'
import { decide, parseRules } from '../../src/policy/policy.ts'
import { ask, compile, now, termOf } from './questions.ts'

const anyAgent = { id: 'any-agent', effect: 'permit' }
const claims = { id: 'claims-team', effect: 'permit', users: { groups: ['claims'] }, tools: { names: ['Claims_*'] } }

describe('decide', () => {
  it('denies when no rule permits', () => {
    const decision = decide(compile({}), ask('Claims_Process'), now)
    expect(decision).toMatchObject({ effect: 'deny', refusal: 'denied', version: 'test', rules: [], charges: [] })
  })

  it('denies when only one side permits', () => {
    for (const rules of [{ user: [claims] }, { agent: [claims] }]) {
      expect(decide(compile(rules), ask('Claims_Process'), now).effect).toBe('deny')
    }
  })

  it('permits when both sides permit, and names the rules', () => {
    const decision = decide(compile({ user: [claims], agent: [anyAgent] }), ask('Claims_Process'), now)
    expect(decision).toMatchObject({ effect: 'permit', rules: ['claims-team', 'any-agent'] })
    expect(decision.terms.map((term) => term.name)).toEqual([
      'gateway',
      'user',
      'agent',
      'forbid',
      'scopes',
      'limits',
      'approval',
    ])
    expect(decision.terms.every((term) => term.holds)).toBe(true)
  })

  it.each(['user', 'agent'])('lets a forbid win on the %s side', (side) => {
    const rules = { user: [claims], agent: [anyAgent] } as Record<string, unknown[]>
    rules[side] = [...(rules[side] ?? []), { id: 'never', effect: 'forbid', tools: { names: ['Claims_Deny'] } }]
    const compiled = compile(rules)
    expect(decide(compiled, ask('Claims_Process'), now).effect).toBe('permit')
    const decision = decide(compiled, ask('Claims_Deny'), now)
    expect(decision).toMatchObject({ effect: 'deny', rules: ['never'] })
    expect(termOf(decision, 'forbid')).toMatchObject({ holds: false, because: [{ rule: 'never', outcome: 'matched' }] })
  })

  it('says which clause decided, what it wanted and what it saw', () => {
    const small = {
      ...claims,
      id: 'small',
      when: {
        all: [
          { argument: 'claim', exists: true },
          { argument: 'amount', lte: 500 },
        ],
      },
    }
    const decision = decide(
      compile({ user: [small], agent: [anyAgent] }),
      ask('Claims_Process', { claim: 'c1', amount: 501 }),
      now,
    )
    expect(termOf(decision, 'user')?.because).toEqual([
      {
        rule: 'small',
        effect: 'permit',
        outcome: 'not_matched',
        clause: 'argument amount lte',
        expected: 500,
        actual: 501,
      },
    ])
  })

  it('refuses rules that are not valid, and says where', () => {
    const refused = parseRules({ user: [{ id: 'x', effect: 'permit', when: { argument: 'a' } }] })
    expect(refused).toMatchObject({
      ok: false,
      error: { code: 'policy/invalid', evidence: { issues: [{ path: 'user.0.when' }] } },
    })
  })
})
