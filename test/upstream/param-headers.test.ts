import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { outgoingHeaders } from '../../src/egress/headers.ts'
import { paramHeaders } from '../../src/upstream/param-headers.ts'

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
        const sent = outgoingHeaders(headers)?.get('mcp-param-region')
        expect(sent).toBe(headers['mcp-param-region'])
        expect(sent).toMatch(/^[\x20-\x7e]*$/)
      }),
    )
    expect(paramHeaders(schema, { region: 'a\r\nauthorization: x' })['mcp-param-region']).toMatch(/^=\?base64\?/)
    expect(paramHeaders(schema, { region: '=?base64?eA==?=' })['mcp-param-region']).toMatch(/^=\?base64\?PT9/)
  })
})
