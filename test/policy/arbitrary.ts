import fc from 'fast-check'
import type { Json, JsonObject } from '../../src/core/json.ts'
import type { Question, SessionFacts, Step } from '../../src/policy/policy.ts'
import { alice, desk, now, reads, sends, writes } from './questions.ts'

/** Few names and values, so that rules and questions often meet. */
export const toolNames = ['Files_Read', 'Files_Write', 'Mail_Send', 'ping', 'Filesystem']
const groups = ['staff', 'claims', 'sales', 'admins']
const clients = [desk.clientId, 'https://other.example/c.json']
const texts = ['main', 'Main', 'dev', 'ma\u0456n', 'release/1', '']
const scalars: fc.Arbitrary<Json> = fc.oneof(fc.constantFrom(...texts), fc.integer({ min: -2, max: 5 }), fc.boolean())

export const hostile: fc.Arbitrary<Json> = fc.oneof(
  { weight: 6, arbitrary: scalars },
  { weight: 2, arbitrary: fc.array(scalars, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom<Json[]>(null, 2 ** 53, 1e300, {}, [['main']], { a: 1 }) },
)

export const args: fc.Arbitrary<JsonObject> = fc.dictionary(fc.constantFrom('a', 'b', 'c'), hostile, { maxKeys: 3 })

const literal = fc.oneof(fc.constantFrom(...texts.slice(0, 3)), fc.integer({ min: -2, max: 5 }), fc.boolean())
const operator = fc.oneof(
  fc.record({ eq: literal }),
  fc.record({ ne: literal }),
  fc.record({ in: fc.array(literal, { minLength: 1, maxLength: 3 }) }),
  fc.record({ notIn: fc.array(literal, { minLength: 1, maxLength: 3 }) }),
  fc.record({ gt: fc.integer({ min: -2, max: 5 }) }),
  fc.record({ lte: fc.integer({ min: -2, max: 5 }) }),
  fc.record({ startsWith: fc.constantFrom('m', 'rel') }),
  fc.record({ glob: fc.constantFrom('*ain', 'release/*') }),
  fc.record({ contains: fc.constantFrom('a', 'main') }),
  fc.record({ exists: fc.boolean() }),
  fc.record({ size: fc.record({ lte: fc.integer({ min: 0, max: 3 }) }) }),
  fc.record({ some: fc.record({ eq: literal }) }),
  fc.record({ every: fc.record({ gt: fc.integer({ min: -2, max: 5 }) }) }),
  fc.record({ sameAs: fc.constantFrom({ user: 'attributes.department' }, { argument: 'b' }) }),
)
const onArgument = fc.tuple(fc.constantFrom('a', 'b', 'c'), operator).map(([argument, o]) => ({ argument, ...o }))
const selector = fc.record({ tools: fc.constantFrom(['Files_*'], ['Mail_Send'], ['ping']) })
const fact = fc.oneof(
  fc.record({ after: selector }),
  fc.record({ notAfter: selector }),
  fc.record({ after: fc.record({ tools: fc.constant(['Files_*']), within: fc.constantFrom('1m', '1h') }) }),
  fc.record({ after: fc.record({ sameArguments: fc.constant(['a']) }) }),
  fc.record({ steps: selector, count: fc.constantFrom({ gte: 2 }, { lt: 2 }, { eq: 1 }) }),
  fc.record({ taint: fc.constantFrom('untrusted:*', 'secret') }),
  fc.record({ signedInWithin: fc.constantFrom('1m', '1h') }),
  fc.record({ startedWithin: fc.constantFrom('1m', '1h') }),
  fc.constant({ time: { zone: 'UTC', from: '09:00', to: '10:30' } }),
  fc.constant({ time: { until: '2026-11-20T10:20:00Z' } }),
)

export const condition: fc.Arbitrary<object> = fc.letrec<{ condition: object }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3 },
    { weight: 4, arbitrary: onArgument },
    { weight: 2, arbitrary: fact },
    fc.record({ all: fc.array(tie('condition'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ any: fc.array(tie('condition'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ not: tie('condition') }),
  ),
})).condition

const some = <T>(from: readonly T[]): fc.Arbitrary<T[]> => fc.subarray([...from], { minLength: 1 })
const users = fc.oneof(
  fc.record({ groups: some(groups) }),
  fc.constant({ ids: [alice.id] }),
  fc.constant({ subjects: [{ issuer: alice.issuer, subject: alice.subject }] }),
  fc.constant({ subjects: [{ issuer: 'https://elsewhere.example', subject: alice.subject }] }),
  fc.constant({ kinds: ['service_account'] }),
)
const agents = fc.oneof(
  fc.record({ clientIds: some(clients) }),
  fc.constant({ hosts: ['*.example'] }),
  fc.record({ trust: some(['unknown', 'known', 'trusted']) }),
)
const tools = fc.oneof(
  fc.record({ names: some([...toolNames, 'Files_*', '*', 'Mail*']) }),
  fc.record({ toolkits: some(['Files', 'Mail']) }),
  fc.record({ upstreams: some(['wiki', 'crm']), openWorld: fc.boolean() }),
  fc.record({ operations: some(['read', 'create', 'update']) }),
  fc.record({ destructive: fc.boolean() }),
)

const optional = <T>(key: string, value: fc.Arbitrary<T>): fc.Arbitrary<object> =>
  fc.option(value, { nil: undefined }).map((v) => (v === undefined ? {} : { [key]: v }))

const body = fc
  .tuple(optional('users', users), optional('agents', agents), optional('tools', tools), optional('when', condition))
  .map((parts) => Object.assign({}, ...parts) as object)
const effect = fc.oneof(
  { weight: 5, arbitrary: fc.constant({ effect: 'permit' }) },
  { weight: 2, arbitrary: fc.constant({ effect: 'forbid' }) },
  fc.constant({ effect: 'approve', approval: { groups: ['admins'] } }),
  fc.constant({ effect: 'limit', limit: { max: 1 } }),
)
const rules = (side: string): fc.Arbitrary<object[]> =>
  fc
    .array(fc.tuple(effect, body), { maxLength: 8 })
    .map((list) => list.map(([e, b], i) => ({ id: `${side}-${i}`, ...e, ...b })))

export const document: fc.Arbitrary<object> = fc.record({ user: rules('user'), agent: rules('agent') })

const stepArbitrary: fc.Arbitrary<Step> = fc.record({
  tool: fc.constantFrom(...toolNames),
  behaviour: fc.constantFrom(reads, writes, sends),
  at: fc.integer({ min: now - 7_200_000, max: now }),
  outcome: fc.constantFrom('running', 'done', 'failed'),
  arguments: args,
})
const facts: fc.Arbitrary<SessionFacts> = fc.record({
  startedAt: fc.integer({ min: now - 7_200_000, max: now }),
  authenticatedAt: fc.integer({ min: now - 7_200_000, max: now }),
  steps: fc.array(stepArbitrary, { maxLength: 5 }).map((steps) => steps.toSorted((a, b) => a.at - b.at)),
  taint: fc.subarray(['untrusted:tool', 'secret']),
  spent: fc.constant({}),
})

export const question: fc.Arbitrary<Question> = fc.record({
  gateway: fc.constant('front-office'),
  user: fc.subarray(groups).map((g) => ({ ...alice, groups: g })),
  agent: fc.constantFrom(...clients).map((clientId) => ({ ...desk, clientId })),
  tool: fc.record({
    name: fc.constantFrom(...toolNames),
    toolkit: fc.constantFrom('Files', 'Mail', null),
    upstream: fc.constantFrom('wiki', null),
    behaviour: fc.constantFrom(reads, writes, sends),
    scopes: fc.constant([]),
  }),
  arguments: args,
  session: facts,
})
