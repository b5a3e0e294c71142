import { describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '../../src/core/json.ts'
import { parseRules } from '../../src/policy/policy.ts'
import { ask, verdict } from './questions.ts'

const x = (value: Json | undefined, clause: object): string =>
  verdict({ argument: 'x', ...clause }, ask('T_x', value === undefined ? {} : { x: value }))
const args = (args: JsonObject, condition: object): string => verdict(condition, ask('T_x', args))

describe('comparisons', () => {
  it.each<[Json, object, string]>([
    [5, { eq: 5 }, 'true'],
    [6, { eq: 5 }, 'false'],
    [6, { ne: 5 }, 'true'],
    [true, { eq: true }, 'true'],
    [false, { eq: true }, 'false'],
    [0, { eq: false }, 'error'],
    [5, { in: [1, 5] }, 'true'],
    [5, { in: ['5'] }, 'error'],
    ['5', { in: ['5', 5] }, 'true'],
    [6, { notIn: [1, 5] }, 'true'],
    [5, { lt: 6 }, 'true'],
    [5, { lte: 5 }, 'true'],
    [5, { gt: 5 }, 'false'],
    [5, { gte: 5 }, 'true'],
    [5, { gte: 1, lte: 4 }, 'false'],
    [0.1, { lt: 0.2 }, 'true'],
    [-0, { eq: 0 }, 'true'],
    ['abc', { startsWith: ['x', 'ab'] }, 'true'],
    ['abc', { endsWith: 'bc' }, 'true'],
    ['abc', { contains: 'b' }, 'true'],
    [['a', 'b'], { contains: 'b' }, 'true'],
    [['a'], { contains: 'b' }, 'false'],
    [['a', 1], { contains: 'b' }, 'error'],
    [['a', 'b'], { subsetOf: ['a', 'b', 'c'] }, 'true'],
    [['a', 'd'], { subsetOf: ['a', 'b', 'c'] }, 'false'],
    [['a', ['b']], { subsetOf: ['a', 'b', 'c'] }, 'error'],
    [[], { subsetOf: ['a'] }, 'true'],
    ['a', { subsetOf: ['a'] }, 'error'],
    [[1, 2], { size: { lte: 2 } }, 'true'],
    [[1, 2, 3], { size: { lte: 2 } }, 'false'],
    ['\u{1f600}', { size: { eq: 1 } }, 'true'],
    [{}, { size: { eq: 0 } }, 'error'],
  ])('%j %j: %s', (value, clause, expected) => {
    expect(x(value, clause)).toBe(expected)
  })

  it.each<[string, Json | undefined]>([
    ['a number as text', '99999'],
    ['an array', [99999]],
    ['nothing', undefined],
    ['null', null],
    ['an object', { amount: 99999 }],
    ['an integer beyond 2^53', JSON.parse('9007199254740993')],
    ['a number beyond all', JSON.parse('1e400')],
    ['a large float', 1e300],
    ['true', true],
  ])('never lets %s slip past an amount (attack cases 48 and 49)', (_, value) => {
    for (const clause of [
      { gt: 50_000 },
      { lte: 50_000 },
      { eq: 99_999 },
      { ne: 99_999 },
      { in: [1] },
      { notIn: [1] },
    ]) {
      expect(x(value, clause)).toBe('error')
    }
  })

  it.each<[string, Json]>([
    ['an array', ['main']],
    ['an object', { name: 'main' }],
    ['a number', 5],
    ['null', null],
  ])('never lets %s slip past a text', (_, value) => {
    for (const clause of [
      { eq: 'main' },
      { ne: 'main' },
      { in: ['main'] },
      { notIn: ['main'] },
      { startsWith: 'm' },
      { glob: 'm*' },
    ]) {
      expect(x(value, clause)).toBe('error')
    }
  })

  it('tells whether an argument is there; null is not', () => {
    expect(x(1, { exists: true })).toBe('true')
    expect(x(undefined, { exists: true })).toBe('false')
    expect(x(null, { exists: false })).toBe('true')
  })

  it('reaches into objects and arrays', () => {
    const order = { order: { lines: [{ price: 5 }, { price: 50 }], 'a.b': 1 } }
    expect(args(order, { argument: 'order.lines.1.price', eq: 50 })).toBe('true')
    expect(args(order, { argument: ['order', 'a.b'], eq: 1 })).toBe('true')
    expect(args(order, { argument: 'order.lines.01.price', eq: 50 })).toBe('error')
    expect(args(order, { argument: 'order.lines.length', eq: 2 })).toBe('error')
  })

  it('asks every or some element', () => {
    const order = { lines: [{ price: 5 }, { price: 50 }], to: ['a@example.com', 'b@example.com'], none: [] }
    expect(args(order, { argument: 'lines', every: { item: 'price', lt: 51 } })).toBe('true')
    expect(args(order, { argument: 'lines', every: { item: 'price', lt: 50 } })).toBe('false')
    expect(args(order, { argument: 'lines', some: { item: 'price', gt: 49 } })).toBe('true')
    expect(args(order, { argument: 'lines', some: { item: 'price', gt: 50 } })).toBe('false')
    expect(args(order, { argument: 'lines', some: { item: 'cost', gt: 50 } })).toBe('error')
    expect(args(order, { argument: 'to', every: { endsWith: '@example.com', text: 'email' } })).toBe('true')
    expect(args(order, { argument: 'to', some: { any: [{ eq: 'x' }, { startsWith: 'b@' }] } })).toBe('true')
    expect(args(order, { argument: 'none', every: { eq: 1 } })).toBe('true')
    expect(args(order, { argument: 'none', some: { eq: 1 } })).toBe('false')
    expect(args({ to: 'a@example.com' }, { argument: 'to', every: { endsWith: '@example.com' } })).toBe('error')
    const nested = { rows: [[1, 2], [3]] }
    expect(args(nested, { argument: 'rows', every: { every: { lt: 4 } } })).toBe('true')
    expect(args(nested, { argument: 'rows', some: { every: { gte: 3 } } })).toBe('true')
  })

  it('compares with the user, the agent and other arguments', () => {
    expect(args({ to: 'alice@example.com' }, { argument: 'to', sameAs: { user: 'email' } })).toBe('true')
    expect(args({ to: 'eve@example.com' }, { argument: 'to', sameAs: { user: 'email' } })).toBe('false')
    expect(args({ to: 'x' }, { argument: 'to', sameAs: { user: 'attributes.nickname' } })).toBe('error')
    expect(args({ a: 1, b: 1 }, { argument: 'a', sameAs: { argument: 'b' } })).toBe('true')
    expect(args({ region: 'eu' }, { argument: 'region', in: { user: 'attributes.regions' } })).toBe('true')
    expect(args({ region: 'us' }, { argument: 'region', notIn: { user: 'attributes.regions' } })).toBe('true')
    expect(args({ all: ['eu', 'uk'] }, { argument: 'all', subsetOf: { user: 'attributes.regions' } })).toBe('true')
    expect(args({}, { user: 'groups', contains: 'claims' })).toBe('true')
    expect(args({}, { agent: 'trust', in: ['known', 'trusted'] })).toBe('true')
    expect(args({}, { user: 'attributes.level', gte: 4 })).toBe('true')
    expect(args({}, { connection: 'scopes', contains: 'repo' })).toBe('error')
  })

  it('reads in order: what decides, decides, and an error decides too', () => {
    const yes = { argument: 'yes', eq: true }
    const no = { argument: 'yes', eq: false }
    const bad = { argument: 'missing', eq: 1 }
    const is = (condition: object): string => args({ yes: true }, condition)
    expect(is({ all: [no, bad] })).toBe('false')
    expect(is({ all: [bad, no] })).toBe('error')
    expect(is({ any: [yes, bad] })).toBe('true')
    expect(is({ any: [bad, yes] })).toBe('error')
    expect(is({ any: [no, bad] })).toBe('error')
    expect(is({ not: bad })).toBe('error')
    expect(is({ not: no })).toBe('true')
  })
})

describe('names of prototypes (attack case 47)', () => {
  it.each(['__proto__', 'constructor', 'prototype'])('reads %s in arguments as plain data', (name) => {
    const hostile = JSON.parse(`{"x": {"${name}": {"amount": 1}}, "${name}": {"amount": 1}}`) as JsonObject
    expect(args(hostile, { argument: 'amount', exists: true })).toBe('false')
    expect(args(hostile, { argument: 'x.amount', exists: true })).toBe('false')
    expect(args(hostile, { argument: 'x.toString', exists: true })).toBe('false')
  })

  it.each([
    { argument: '__proto__.x', eq: 1 },
    { argument: ['constructor'], eq: 1 },
    { user: 'attributes.prototype', eq: 1 },
    JSON.parse('{"argument": "x", "eq": 1, "__proto__": {"eq": 2}}') as object,
  ])('refuses them in a rule: %j', (when) => {
    expect(parseRules({ user: [{ id: 'r', effect: 'permit', when }] }).ok).toBe(false)
  })
})

describe('what a rule may not say', () => {
  it.each<[string, unknown]>([
    ['no operator', { argument: 'x' }],
    ['no subject', { eq: 1 }],
    ['an element outside every and some', { item: 'x', eq: 1 }],
    ['two subjects', { argument: 'x', user: 'email', eq: 1 }],
    ['an unknown operator', { argument: 'x', matches: '.*' }],
    ['a number beyond 2^53', { argument: 'x', lt: 9_007_199_254_740_992 }],
    ['null', { argument: 'x', eq: null }],
    ['an empty list', { argument: 'x', in: [] }],
    ['an empty all', { all: [] }],
    ['an unknown user field', { user: 'password', eq: 'x' }],
    ['a reference to two things', { argument: 'x', sameAs: { user: 'email', agent: 'name' } }],
    ['a branch that is none', { argument: 'x', eq: 'HEAD', text: 'branch' }],
    ['steps without a count', { steps: { tools: ['x'] } }],
    ['a duration in words', { signedInWithin: 'a while' }],
    ['text on a fact', { taint: 'x', text: 'exact' }],
    ['depth 13', Array.from({ length: 13 }).reduce((inner) => ({ not: inner }), { argument: 'x', eq: 1 })],
    [
      '300 clauses',
      { all: Array.from({ length: 6 }, () => ({ any: Array.from({ length: 50 }, () => ({ argument: 'x', eq: 1 })) })) },
    ],
  ])('%s', (_, when) => {
    expect(parseRules({ user: [{ id: 'r', effect: 'permit', when }] }).ok).toBe(false)
  })

  it.each<[string, unknown]>([
    ['an approval without somebody to approve', { id: 'r', effect: 'approve', approval: {} }],
    ['an approval on a permit', { id: 'r', effect: 'permit', approval: { self: true } }],
    ['self and never the requester', { id: 'r', effect: 'approve', approval: { self: true, notRequester: true } }],
    ['a limit without a limit', { id: 'r', effect: 'limit' }],
    ['a shared limit that never starts again', { id: 'r', effect: 'limit', limit: { max: 3, per: ['user'] } }],
    ['a limit that counts two things', { id: 'r', effect: 'limit', limit: { max: 3, count: 'calls', units: 2 } }],
    ['a selector that selects by nothing', { id: 'r', effect: 'permit', users: {} }],
    ['an empty group list', { id: 'r', effect: 'permit', users: { groups: [] } }],
    ['a misspelt key', { id: 'r', effect: 'permit', user: { groups: ['x'] } }],
    ['an id with a space', { id: 'r r', effect: 'permit' }],
  ])('%s', (_, rule) => {
    expect(parseRules({ user: [rule] }).ok).toBe(false)
  })

  it('the same id twice, on whichever side', () => {
    const rule = { id: 'r', effect: 'permit' }
    expect(parseRules({ user: [rule], agent: [rule] }).ok).toBe(false)
  })
})
