import { expect, it } from 'vitest'
import { countsAs } from '../../src/catalog/counts-as.ts'

const pin = {
  kind: 'tool',
  name: 'list_orders',
  status: 'quarantined',
  behaviour: null,
  definition: {},
  proposed: null,
}
const set = { operation: 'delete', destructive: true, idempotent: false, openWorld: false } as const
const url = 'https://crm.example/mcp'

it('is a guess for what waits, and the worst for what was admitted without a word', () => {
  expect(countsAs(url, pin)).toMatchObject({ operation: 'read', destructive: false })
  expect(countsAs(url, { ...pin, status: 'admitted' })).toMatchObject({ operation: 'update', destructive: true })
  expect(countsAs(url, { ...pin, kind: 'prompt' })).toBeNull()
})

it('is what an administrator said, also when the definition changed since', () => {
  expect(countsAs(url, { ...pin, behaviour: set, status: 'admitted' })).toEqual(set)
  const proposed = { annotations: { readOnlyHint: true } }
  expect(countsAs(url, { ...pin, behaviour: set, proposed })).toEqual(set)
})
