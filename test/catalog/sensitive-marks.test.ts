import { describe, expect, it } from 'vitest'
import { sensitiveIn } from '../../src/catalog/sensitive-marks.ts'

describe('marks of what the record must not show', () => {
  it('are found in arguments and results, in lists and in names with slashes', () => {
    const input = {
      type: 'object',
      properties: {
        iban: { type: 'string', 'x-sensitive': true },
        login: { type: 'object', properties: { 'pass/word': { type: 'string', format: 'password' } } },
        rows: { type: 'array', items: { type: 'object', properties: { pin: { writeOnly: true } } } },
        title: { type: 'string', format: 'email' },
      },
    }
    const output = { type: 'object', properties: { iban: { 'x-sensitive': true }, key: { 'x-sensitive': true } } }
    expect(sensitiveIn(input, output)).toEqual(['/iban', '/login/pass~1word', '/rows/*/pin', '/key'])
  })

  it('are found without end in no schema', () => {
    const deep = JSON.parse(`${'{"properties":{"a":'.repeat(500)}{"x-sensitive":true}${'}}'.repeat(500)}`) as never
    expect(sensitiveIn(deep, undefined)).toEqual([])
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`m${n}`, { writeOnly: true }]))
    expect(sensitiveIn({ properties: many })).toHaveLength(100)
  })
})
