import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  analyse,
  decide,
  parseRules,
  type Catalogue,
  type Finding,
  type RulesDocument,
} from '../../src/policy/policy.ts'
import { condition, document, question, toolNames } from './arbitrary.ts'
import { ask, compile, now, reads, verdict, writes } from './questions.ts'
import { runs } from '../support/property.ts'

const schema = {
  type: 'object',
  properties: { amount: { type: 'integer' }, branch: { type: 'string' }, to: { type: 'array' } },
}
const tool = (name: string, behaviour = writes) => {
  return { name, toolkit: name.split('_')[0] ?? null, upstream: null, behaviour, scopes: [], inputSchema: schema }
}
const catalogue: Catalogue = {
  tools: [tool('Pay_Out'), tool('Pay_List', reads)],
  toolkits: ['Pay'],
  upstreams: [],
  groups: ['staff'],
  agents: ['desk'],
  gateways: ['office'],
}

function documentOf(rules: unknown): RulesDocument {
  const parsed = parseRules(rules)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error.evidence))
  return parsed.value
}
const base = [{ id: 'agents', effect: 'permit' }]
const findings = (...user: object[]): Finding[] => analyse(documentOf({ user, agent: base }), catalogue)
const kinds = (...user: object[]): string[] =>
  findings(...user)
    .filter(({ rule }) => rule !== null && rule !== 'agents')
    .map(({ rule, kind }) => `${rule} ${kind}`)
const permit = (more: object): object => ({ id: 'r', effect: 'permit', ...more })

describe('analyse', () => {
  it('has nothing to say about good rules', () => {
    const good = permit({
      users: { groups: ['staff'] },
      tools: { names: ['Pay_*'] },
      when: { argument: 'amount', lte: 5 },
    })
    expect(findings(good)).toEqual([])
  })

  it.each<[object, string[]]>([
    [{ tools: { names: ['Pay_Out', 'Pay_Ot'] } }, ['r unknown_tool']],
    [{ tools: { names: ['Mail_*'] } }, ['r unknown_tool', 'r no_tool']],
    [{ tools: { toolkits: ['Mail'] } }, ['r unknown_toolkit', 'r no_tool']],
    [{ tools: { upstreams: ['crm'] } }, ['r unknown_upstream', 'r no_tool']],
    [{ tools: { destructive: true } }, ['r no_tool']],
    [{ users: { groups: ['stuff'] } }, ['r unknown_group']],
    [{ agents: { clientIds: ['dsk'] } }, ['r unknown_agent']],
    [{ gateways: ['offce'] }, ['r unknown_gateway']],
  ])('names what does not exist: %j', (more, expected) => {
    expect(kinds(permit(more))).toEqual(expected)
  })

  it.each<[object, string[]]>([
    [{ effect: 'approve', approval: { groups: ['staff', 'leeds'] } }, ['r unknown_group']],
    [{ effect: 'forbid', when: { not: { user: 'groups', contains: 'stuff' } } }, ['r unknown_group']],
    [{ effect: 'forbid', when: { not: { after: { tools: ['Pay_Chekc'] } } } }, ['r unknown_tool']],
    [
      { effect: 'forbid', when: { any: [{ argument: 'to', some: { notAfter: { tools: ['Pay_*', 'Mail'] } } }] } },
      ['r unknown_tool'],
    ],
  ])('names what does not exist wherever a rule names it: %j', (more, expected) => {
    expect(kinds({ id: 'r', ...more })).toEqual(expected)
  })

  it.each<[object, string]>([
    [{ argument: 'amuont', lte: 5 }, 'unknown_argument'],
    [{ after: { sameArguments: ['claim'] } }, 'unknown_argument'],
    [{ argument: 'amount', sameAs: { argument: 'x' } }, 'unknown_argument'],
    [{ argument: 'amount', eq: 'five' }, 'wrong_type'],
    [{ argument: 'branch', lt: 5 }, 'wrong_type'],
    [{ argument: 'branch', every: { eq: 'x' } }, 'wrong_type'],
    [{ argument: 'to', startsWith: 'x' }, 'wrong_type'],
  ])('names an argument that no tool has so: %j', (when, kind) => {
    expect(kinds(permit({ when }))).toEqual([`r ${kind}`])
  })

  it.each<object>([
    {
      all: [
        { argument: 'amount', gt: 5 },
        { argument: 'amount', lt: 5 },
      ],
    },
    { argument: 'amount', gte: 6, lte: 5 },
    {
      all: [
        { argument: 'branch', eq: 'a' },
        { argument: 'branch', in: ['b', 'c'] },
      ],
    },
    { argument: 'branch', eq: 'a', ne: 'a' },
    { argument: 'amount', in: [1, 2], gt: 2 },
    {
      all: [
        { argument: 'branch', exists: false },
        { argument: 'branch', startsWith: 'x' },
      ],
    },
    {
      all: [
        { argument: 'to', size: { lt: 1 } },
        { argument: 'to', size: { gt: 0 } },
      ],
    },
    {
      any: [
        { argument: 'amount', gt: 5, lt: 5 },
        { argument: 'branch', eq: 'a', notIn: ['a'] },
      ],
    },
  ])('sees a condition that contradicts itself: %j', (when) => {
    expect(kinds(permit({ when }))).toEqual(['r never_holds'])
  })

  it('sees what a forbid or a wider rule makes pointless', () => {
    const no = { id: 'no', effect: 'forbid', tools: { names: ['Pay_*'] } }
    const out = permit({ tools: { names: ['Pay_Out'] }, when: { argument: 'amount', lt: 5 } })
    expect(kinds(no, out)).toEqual(['r shadowed'])
    expect(kinds(out, { ...no, when: { argument: 'amount', lt: 9 } })).toEqual(['r shadowed'])
    expect(kinds(out, { ...no, when: { argument: 'amount', lt: 3 } })).toEqual([])
    expect(kinds(out, { ...no, users: { groups: ['staff'] } })).toEqual([])
    expect(kinds(out, { id: 'wide', effect: 'permit' })).toEqual(['r redundant'])
    expect(kinds({ ...out, id: 'first' }, out)).toEqual(['r redundant'])
    const staff = permit({ id: 'staff', users: { groups: ['staff'] } })
    expect(kinds(staff, permit({ users: { groups: ['staff'] }, when: { argument: 'amount', eq: 1 } }))).toEqual([
      'r redundant',
    ])
  })

  it('sees a tool that nobody can call', () => {
    expect(findings(permit({ tools: { names: ['Pay_Out'] } }))).toEqual([
      {
        rule: null,
        kind: 'unreachable_tool',
        message: 'Nobody can call Pay_List: there is no permit on the user side.',
      },
    ])
  })

  it('says nothing of tools when none is known', () => {
    const rules = documentOf({ user: [permit({ tools: { names: ['Pay_Out'] } })] })
    expect(analyse(rules, { tools: [] })).toEqual([])
  })

  it('calls nothing impossible that can happen', () => {
    const tools = toolNames.map((name) => ({ ...tool(name), inputSchema: {} }))
    let found = 0
    const conditions = fc.array(condition, { minLength: 2, maxLength: 4 })
    const property = fc.property(conditions, fc.array(question, { minLength: 5, maxLength: 5 }), (all, questions) => {
      const when = { all }
      const dead = analyse(documentOf({ user: [{ id: 'r', effect: 'permit', when }] }), { tools })
      if (!dead.some(({ kind }) => kind === 'never_holds')) return
      found++
      for (const { arguments: args, session } of questions)
        expect(verdict(when, ask('ping', args, { session }))).not.toBe('true')
    })
    fc.assert(property, { numRuns: runs(400) })
    expect(found).toBeGreaterThan(0)
  })

  it('calls no rule pointless that decides something', () => {
    const tools = toolNames.map((name, i) => tool(name, i % 2 === 0 ? reads : writes))
    let found = 0
    const property = fc.property(document, fc.array(question, { minLength: 5, maxLength: 5 }), (rules, questions) => {
      const { user, agent } = rules as { user: { id: string }[]; agent: { id: string }[] }
      for (const { rule, kind } of analyse(documentOf(rules), { tools })) {
        if (kind !== 'shadowed' && kind !== 'redundant') continue
        found++
        const without = { user: user.filter(({ id }) => id !== rule), agent: agent.filter(({ id }) => id !== rule) }
        const known = questions.filter((q) =>
          tools.some((t) => t.name === q.tool.name && t.behaviour === q.tool.behaviour),
        )
        for (const q of known) {
          const asked = { ...q, tool: { ...q.tool, toolkit: q.tool.name.split('_')[0] ?? null, upstream: null } }
          expect(decide(compile(without), asked, now).effect).toBe(decide(compile(rules), asked, now).effect)
        }
      }
    })
    fc.assert(property, { numRuns: runs(100) })
    expect(found).toBeGreaterThan(0)
  })
})
