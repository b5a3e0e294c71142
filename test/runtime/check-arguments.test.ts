import { describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '../../src/core/json.ts'
import type { Tool } from '../../src/core/tool.ts'
import { checkArguments } from '../../src/runtime/check-arguments.ts'
import { toolNamed } from '../support/fake-front.ts'
import { quickest } from '../support/quick.ts'

const upstreamTool = (inputSchema: JsonObject): Tool =>
  toolNamed('Repo_Push', { inputSchema, source: { kind: 'upstream', upstream: 'repo', remoteName: 'push' } })

const check = (schema: JsonObject, args: JsonObject) => {
  const result = checkArguments(upstreamTool(schema), { arguments: args })
  return result.ok ? 'ok' : result.error.code
}

const push: JsonObject = {
  type: 'object',
  properties: { branch: { type: 'string', enum: ['dev', 'test'] }, force: { type: 'boolean' } },
  required: ['branch'],
  additionalProperties: false,
}

describe('arguments that smuggle something past the rules (attack case 50)', () => {
  it.each<[string, JsonObject, string]>([
    ['what the schema says', { branch: 'dev' }, 'ok'],
    ['another property', { branch: 'dev', admin: true }, 'runtime/invalid_arguments'],
    ['another case of a name', { branch: 'dev', Branch: 'main' }, 'runtime/invalid_arguments'],
    ['a look-alike of a name', { branch: 'dev', brаnch: 'main' }, 'runtime/invalid_arguments'],
    ['a look-alike of a value', { branch: 'dеv' }, 'runtime/invalid_arguments'],
    ['a list for a text', { branch: ['dev'] }, 'runtime/invalid_arguments'],
    [
      'a name of a prototype',
      JSON.parse('{"branch":"dev","__proto__":{"branch":"main"}}') as JsonObject,
      'runtime/invalid_arguments',
    ],
    ['nothing', {}, 'runtime/invalid_arguments'],
  ])('%s: %#', (_, args, expected) => {
    expect(check(push, args)).toBe(expected)
  })

  it('reach the rules as the tool will get them, and nothing is added or left out', () => {
    const args = { branch: 'dev', force: true }
    expect(checkArguments(upstreamTool(push), { arguments: args })).toEqual({ ok: true, value: args })
  })
})

describe('a number that cannot be told from its neighbours (attack case 48)', () => {
  it.each<[string, string]>([
    ['{"id":9007199254740993}', 'runtime/invalid_arguments'],
    ['{"a":{"b":[1,{"id":-9007199254740993}]}}', 'runtime/invalid_arguments'],
    ['{"id":9007199254740991}', 'ok'],
    ['{"id":"9007199254740993"}', 'ok'],
    ['{"mass":1e30,"n":0.1}', 'ok'],
  ])('%s: %s', (text, expected) => {
    expect(check({ type: 'object' }, JSON.parse(text) as JsonObject)).toBe(expected)
  })
})

describe('a schema that attacks whoever checks it (attack case 51)', () => {
  it('does not run its regular expressions, which could take for ever', () => {
    const schema: JsonObject = {
      type: 'object',
      properties: { a: { type: 'string', pattern: '^(a+)+$' }, b: { anyOf: [{ pattern: '(.*)*x' }] } },
      patternProperties: { '(a+)+$': { type: 'string' } },
    }
    const hostile = { a: `${'a'.repeat(40)}!`, [`${'a'.repeat(40)}!`]: 'x' }
    expect(quickest(1_000, () => expect(check(schema, hostile)).toBe('ok'))).toBeLessThan(1_000)
  })

  it('keeps an argument that is called pattern', () => {
    const schema: JsonObject = { type: 'object', properties: { pattern: { type: 'string' } }, required: ['pattern'] }
    expect(check(schema, { pattern: 'x' })).toBe('ok')
    expect(check(schema, { pattern: 1 })).toBe('runtime/invalid_arguments')
  })

  it.each<[string, Json]>([
    ['refers to another host', { $ref: 'https://evil.example/schema.json' }],
    ['refers to nothing', { $ref: '#/$defs/none' }],
    ['refers to itself', { $ref: '#/properties/a' }],
    ['refers to itself by another', { allOf: [{ $ref: '#/$defs/b' }] }],
  ])('refuses the call when it %s, and nothing is fetched', (_, a) => {
    const schema: JsonObject = {
      type: 'object',
      properties: { a },
      $defs: { b: { anyOf: [{ $ref: '#/properties/a' }] } },
    }
    expect(check(schema, { a: 'x' })).toBe('upstream/failed')
  })

  it('refuses the call when it multiplies, in the time of a refusal', () => {
    const $defs: JsonObject = { d40: { type: 'string' } }
    for (let i = 0; i < 40; i++) {
      $defs[`d${i}`] = { anyOf: [{ $ref: `#/$defs/d${i + 1}` }, { allOf: [{ $ref: `#/$defs/d${i + 1}` }] }] }
    }
    const refused = () => {
      const schema: JsonObject = { type: 'object', properties: { a: { $ref: '#/$defs/d0' } }, $defs }
      expect(check(schema, { a: 1 })).toBe('upstream/failed')
    }
    expect(quickest(500, refused)).toBeLessThan(500)
  })

  it('follows a recursive schema as deep as the arguments go', () => {
    const schema: JsonObject = {
      type: 'object',
      properties: { next: { $ref: '#' }, n: { type: 'number' } },
      additionalProperties: false,
    }
    expect(check(schema, { n: 1, next: { n: 2, next: { n: 3 } } })).toBe('ok')
    expect(check(schema, { n: 1, next: { n: 2, next: { n: 'x' } } })).toBe('runtime/invalid_arguments')
  })
})
