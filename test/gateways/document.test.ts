import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '../../src/core/json.ts'
import { isObject } from '../../src/core/json.ts'
import { documentJsonSchema, parseDocument } from '../../src/gateways/document.ts'
import { documentHash } from '../../src/gateways/hash.ts'
import { runs } from '../support/property.ts'

const minimal = { kind: 'Gateway', name: 'engineering' }

function faults(value: unknown): string[] {
  const parsed = parseDocument(value)
  if (parsed.ok) return []
  expect(parsed.error.code).toBe('gateways/invalid')
  const found = parsed.error.evidence?.['faults'] as { path: string; message: string }[]
  return found.map(({ path, message }) => `${path}: ${message}`)
}

function read(value: unknown) {
  const parsed = parseDocument(value)
  if (!parsed.ok) throw new Error(parsed.error.message)
  return parsed.value
}

describe('a gateway document', () => {
  it('needs a name only, and then offers nothing to nobody', () => {
    expect(read(minimal)).toMatchObject({
      title: 'engineering',
      enabled: true,
      tools: [],
      rules: { user: [], agent: [] },
      for: { everyone: false, users: [], groups: [], serviceAccounts: [], agents: [] },
      signIn: { modes: ['oauth'], identityProvider: null, trustedClients: [] },
    })
  })

  it.each([
    ['Engineering'],
    ['a b'],
    ['-a'],
    ['a-'],
    [''],
    ['a'.repeat(41)],
    ['a/b'],
    ['.well-known'],
    ['admin'],
    ['oauth'],
    ['mcp'],
    ['ä'],
  ])('refuses the name %j', (name) => {
    expect(faults({ ...minimal, name })).toHaveLength(1)
  })

  it('names a key it does not know, where it stands', () => {
    expect(faults({ ...minimal, tool: [] })).toEqual([': Unrecognized key: "tool"'])
    expect(faults({ ...minimal, tools: [{ toolkit: 'GitHub', includes: ['x'] }] })).toEqual([
      'tools[0]: Unrecognized key: "includes"',
    ])
  })

  it('wants one source in each entry of tools', () => {
    expect(faults({ ...minimal, tools: [{}] })).toEqual(['tools[0]: say exactly one of toolkit, upstream and worker'])
    expect(faults({ ...minimal, tools: [{ toolkit: 'GitHub', upstream: 'x' }] })).toHaveLength(1)
  })

  it('refuses a person given by e-mail', () => {
    expect(faults({ ...minimal, for: { users: ['alice@example.com'] } })).not.toEqual([])
    expect(faults({ ...minimal, for: { users: [{ email: 'alice@example.com' }] } })).not.toEqual([])
  })

  it('refuses __proto__ as a key anywhere, instead of acting on it', () => {
    const hostile = JSON.parse(
      '{"kind":"Gateway","name":"x","tools":[{"toolkit":"GitHub","alias":{"__proto__":"WhoAmI"}}]}',
    ) as Json
    expect(faults(hostile)).toEqual(['tools[0].alias.__proto__: cannot be a name'])
    expect(faults(JSON.parse('{"__proto__":{"kind":"Gateway"},"name":"x"}'))).toEqual(['__proto__: cannot be a name'])
  })

  it('refuses nesting without end', () => {
    let deep: Json = 1
    for (let i = 0; i < 10_000; i++) deep = [deep]
    expect(faults({ ...minimal, rules: { user: [deep] } })).toEqual(['rules.user[0][0]: is nested too deeply'])
  })

  it('refuses a list with an entry twice', () => {
    expect(faults({ ...minimal, signIn: { modes: ['oauth', 'oauth'] } })).toEqual(['signIn.modes: has an entry twice'])
  })

  it('says how many more mistakes there are', () => {
    const parsed = parseDocument({ ...minimal, pageSize: 0, enabled: 'yes', titel: 1 })
    expect(parsed.ok ? '' : parsed.error.message).toMatch(/\(and 2 more\)$/)
  })

  it('keeps what it was given, and reading what it read changes nothing', () => {
    fc.assert(
      fc.property(document(), (value) => {
        const first = read(value)
        expect(first).toMatchObject(value)
        expect(read(first)).toEqual(first)
        expect(read(JSON.parse(JSON.stringify(first)))).toEqual(first)
      }),
    )
  })

  it('has one hash whatever the order of the keys', async () => {
    await fc.assert(
      fc.asyncProperty(document(), async (value) => {
        expect(await documentHash(read(reversed(value)))).toBe(await documentHash(read(value)))
      }),
      { numRuns: runs(30) },
    )
  })

  it('answers anything at all with a document or with faults', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true }), (value) => {
        const parsed = parseDocument(value)
        expect(parsed.ok || parsed.error.code === 'gateways/invalid').toBe(true)
      }),
    )
  })
})

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, child]) => [name, reversed(child)]),
  )
}

function document(): fc.Arbitrary<Record<string, unknown>> {
  const text = (max: number) => fc.string({ maxLength: max })
  return fc.record(
    {
      kind: fc.constant('Gateway'),
      name: fc.stringMatching(/^x[a-z0-9-]{0,20}[a-z0-9]$/),
      description: text(50),
      instructions: text(200),
      enabled: fc.boolean(),
      pageSize: fc.integer({ min: 1, max: 1000 }),
      for: fc.record(
        { everyone: fc.boolean(), groups: fc.array(fc.string({ minLength: 1, maxLength: 20 }), { maxLength: 3 }) },
        { requiredKeys: [] },
      ),
      tools: fc.array(
        fc.record(
          {
            toolkit: fc.constantFrom('GitHub', 'Slack'),
            include: fc.array(fc.stringMatching(/^[A-Za-z*]{1,10}$/), { minLength: 1, maxLength: 3 }),
            prefix: fc.option(fc.stringMatching(/^[A-Za-z]{0,5}$/)),
          },
          { requiredKeys: ['toolkit'] },
        ),
        { maxLength: 3 },
      ),
    },
    { requiredKeys: ['kind', 'name'] },
  )
}

it('tells an editor what every field of a rule, a test and the screening means', () => {
  const schema = documentJsonSchema() as { properties: Record<string, Json>; $defs?: Json }
  const silent: string[] = []
  const walk = (at: Json, path: string): void => {
    if (Array.isArray(at)) return at.forEach((one, i) => walk(one, `${path}[${i}]`))
    if (!isObject(at)) return
    for (const [name, inner] of Object.entries(at as JsonObject)) {
      if (name === 'properties') {
        for (const [field, of] of Object.entries(inner as JsonObject)) {
          if (!('description' in (of as JsonObject))) silent.push(`${path}.${field}`)
        }
      }
      walk(inner, `${path}.${name}`)
    }
  }
  for (const part of ['rules', 'screening', 'decisionPoint']) walk(schema.properties[part] ?? null, part)
  walk(schema.$defs ?? null, '$defs')
  expect(silent).toEqual([])
})
