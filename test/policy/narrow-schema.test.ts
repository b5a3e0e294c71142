import { describe, expect, it } from 'vitest'
import { narrowSchema } from '../../src/policy/policy.ts'
import type { JsonObject } from '../../src/core/json.ts'
import { ask, compile, now } from './questions.ts'

const schema = (): JsonObject => ({
  type: 'object',
  properties: {
    region: { type: 'string', description: 'Where.' },
    size: { type: 'string', enum: ['s', 'm', 'l'] },
    amount: { type: 'integer' },
  },
  required: ['amount'],
})

function narrow(user: unknown[], agent: unknown[] = [{ id: 'any-agent', effect: 'permit' }]): JsonObject | null {
  return narrowSchema(compile({ user, agent }), ask('Shop_Order', null), now, schema())
}

const permit = (id: string, when: unknown): object => ({ id, effect: 'permit', when })
const forbid = (id: string, when: unknown): object => ({ id, effect: 'forbid', when })
const everything = { id: 'everything', effect: 'permit' }

describe('narrowSchema', () => {
  it('leaves a schema alone that no rule narrows', () => {
    const original = schema()
    const rules = compile({ user: [everything], agent: [permit('a', { argument: 'amount', lt: 5 })] })
    expect(narrowSchema(rules, ask('Shop_Order', null), now, original)).toBe(original)
  })

  it('shows nothing where no arguments could be permitted', () => {
    expect(narrow([everything, { id: 'never', effect: 'forbid' }])).toBeNull()
    expect(narrow([])).toBeNull()
  })

  it('says the values that every permit demands, and that the argument is required', () => {
    const narrowed = narrow([
      permit('a', { argument: 'region', eq: 'eu' }),
      permit('b', { argument: 'region', in: ['uk', 'ch'] }),
    ])
    expect(narrowed).toMatchObject({
      properties: { region: { type: 'string', description: 'Where.', enum: ['eu', 'uk', 'ch'] } },
      required: ['amount', 'region'],
    })
  })

  it('says nothing where one permit takes any value', () => {
    expect(narrow([permit('a', { argument: 'region', eq: 'eu' }), permit('b', { argument: 'amount', lt: 5 })])).toEqual(
      schema(),
    )
  })

  it('forgets a permit that cannot hold for this person', () => {
    const other = permit('b', {
      all: [
        { user: 'attributes.department', eq: 'sales' },
        { argument: 'amount', lt: 5 },
      ],
    })
    expect(narrow([permit('a', { argument: 'region', eq: 'eu' }), other])).toMatchObject({
      properties: { region: { enum: ['eu'] } },
    })
  })

  it('takes what both sides leave', () => {
    const narrowed = narrow(
      [permit('a', { argument: 'region', in: ['eu', 'uk'] })],
      [permit('b', { argument: 'region', in: ['uk', 'us'] })],
    )
    expect(narrowed).toMatchObject({ properties: { region: { enum: ['uk'] } } })
  })

  it('knows what is the same as something of the user', () => {
    expect(narrow([permit('a', { argument: 'region', in: { user: 'attributes.regions' } })])).toMatchObject({
      properties: { region: { enum: ['eu', 'uk'] } },
    })
    expect(narrow([permit('a', { argument: 'region', sameAs: { user: 'attributes.department' } })])).toMatchObject({
      properties: { region: { enum: ['claims'] } },
    })
  })

  it('takes forbidden values out of an enum, with their look-alikes', () => {
    expect(narrow([everything, forbid('f', { argument: 'size', eq: 'L' })])).toMatchObject({
      properties: { size: { enum: ['s', 'm'] } },
      required: ['amount', 'size'],
    })
  })

  it.each([{ argument: 'region', notIn: ['eu', 'uk'] }, { not: { argument: 'region', in: ['eu', 'uk'] } }])(
    'reads "forbid all but" %#',
    (when) => {
      expect(narrow([everything, forbid('f', when)])).toMatchObject({ properties: { region: { enum: ['eu', 'uk'] } } })
    },
  )

  it('narrows nothing by a forbid that asks for more than the argument', () => {
    const when = {
      all: [
        { argument: 'size', eq: 'l' },
        { argument: 'amount', gt: 5 },
      ],
    }
    expect(narrow([everything, forbid('f', when)])).toEqual(schema())
  })
})
