import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { outgoingHeaders } from '../../src/egress/headers.ts'
import { paramHeaders, paramHeadersFault, paramHeadersFit } from '../../src/core/param-headers.ts'
import '../support/property.ts'

const schema = {
  type: 'object',
  properties: {
    region: { type: 'string', 'x-mcp-header': 'Region' },
    count: { type: 'integer', 'x-mcp-header': 'Count' },
    deep: { type: 'object', properties: { dry: { type: 'boolean', 'x-mcp-header': 'Dry-Run' } } },
    evil: { type: 'string', 'x-mcp-header': 'a\r\nauthorization' },
    list: { type: 'array', items: { type: 'string', 'x-mcp-header': 'Item' } },
    price: { type: 'number', 'x-mcp-header': 'Price' },
  },
}

describe('parameters mirrored into headers', () => {
  it('go as they are when a header can carry them', () => {
    expect(paramHeaders(schema, { region: 'eu-west', count: 3, deep: { dry: true } })).toEqual({
      'mcp-param-region': 'eu-west',
      'mcp-param-count': '3',
      'mcp-param-dry-run': 'true',
    })
  })

  it('leave out what is absent, not of the kind, or not declared by properties alone', () => {
    const args = { region: null, count: 1.5, evil: 'x', list: ['y'], price: 1, deep: [] } as never
    expect(paramHeaders(schema, args)).toEqual({})
    expect(paramHeaders(schema, JSON.parse('{"__proto__":{"region":"x"}}') as never)).toEqual({})
  })

  it('never end a header, whatever a model writes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (region) => {
        const headers = paramHeaders(schema, { region })
        const sent = outgoingHeaders(headers)?.['mcp-param-region']
        expect(sent).toBe(headers['mcp-param-region'])
        expect(sent).toMatch(/^[\x20-\x7e]*$/)
      }),
    )
    expect(paramHeaders(schema, { region: 'a\r\nauthorization: x' })['mcp-param-region']).toMatch(/^=\?base64\?/)
    expect(paramHeaders(schema, { region: '=?base64?eA==?=' })['mcp-param-region']).toMatch(/^=\?base64\?PT9/)
  })

  it('fit the arguments they were made of, and no other', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer(), fc.boolean(), (region, count, dry) => {
        const args = { region, count, deep: { dry } }
        expect(paramHeadersFit(schema, args, paramHeaders(schema, args))).toBe(true)
        expect(paramHeadersFit(schema, { ...args, region: `${region}x` }, paramHeaders(schema, args))).toBe(false)
      }),
    )
  })

  it.each([
    [{ region: 'eu' }, {}, 'left out'],
    [{}, { 'mcp-param-region': 'eu' }, 'without an argument'],
    [{ region: 'eu' }, { 'mcp-param-region': 'us' }, 'other'],
    [{ region: 'eu' }, { 'mcp-param-region': '=?base64?ZX!=?=' }, 'not base64'],
    [{ region: 'eu' }, { 'mcp-param-region': '=?base64?ZXU?=' }, 'without padding'],
    [{ region: '\ufffd' }, { 'mcp-param-region': '=?base64?/w==?=' }, 'not UTF-8'],
    [{ count: 3 }, { 'mcp-param-count': '03' }, 'another spelling'],
  ])('do not fit %o when they are %o: %s', (args, headers, _why) => {
    expect(paramHeadersFit(schema, args, headers as Record<string, string>)).toBe(false)
  })

  it('are a literal without the wrapper, and say nothing of what is not declared', () => {
    expect(paramHeadersFit(schema, { region: 'ZXU=' }, { 'mcp-param-region': 'ZXU=', 'mcp-param-other': 'x' })).toBe(
      true,
    )
    expect(paramHeadersFit(schema, { region: 'eu' }, { 'mcp-param-region': '=?base64?ZXU=?=' })).toBe(true)
  })
})

describe('a declaration', () => {
  const properties = (all: object) => ({ type: 'object', properties: all }) as never
  const header = (name: unknown, type = 'string') => ({ type, 'x-mcp-header': name })

  it('is right where it names a header once, for what a header can say', () => {
    expect(paramHeadersFault(properties({ a: header('Region'), b: header('Units', 'integer') }))).toBeNull()
    expect(paramHeadersFault(properties({ a: { type: 'string' } }))).toBeNull()
  })

  it.each([
    ['no name', { a: header('') }],
    ['a space', { a: header('My Region') }],
    ['a line break', { a: header('x\r\nevil') }],
    ['a number', { a: header('Price', 'number') }],
    ['an object', { a: header('Data', 'object') }],
    ['a name twice', { a: header('Region'), b: { type: 'object', properties: { c: header('REGION') } } }],
    ['no text', { a: header(1) }],
  ])('is wrong with %s', (_, all) => {
    expect(paramHeadersFault(properties(all))).toMatch(/^[ab]/)
  })
})
