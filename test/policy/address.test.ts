import { describe, expect, it } from 'vitest'
import { ask, verdict } from './questions.ts'
import { parseRules } from '../../src/policy/policy.ts'

const from = (clientAddress: string | undefined, networks: string[]): string => {
  const { clientAddress: _, ...rest } = ask('T_x')
  return verdict({ address: networks }, clientAddress === undefined ? rest : { ...rest, clientAddress })
}

describe('address', () => {
  it.each([
    ['10.1.2.3', ['10.0.0.0/8'], 'true'],
    ['11.1.2.3', ['10.0.0.0/8'], 'false'],
    ['::ffff:10.1.2.3', ['10.0.0.0/8'], 'true'],
    ['::ffff:0a01:0203', ['10.0.0.0/8'], 'true'],
    ['2001:db8:1::5', ['10.0.0.0/8', '2001:db8::/32'], 'true'],
    ['2001:DB8:0001:0:0:0:0:5', ['2001:db8:1::5'], 'true'],
    ['2001:db9::', ['2001:db8::/32'], 'false'],
    ['192.0.2.1', ['0.0.0.0/0'], 'true'],
    ['::1', ['0.0.0.0/0'], 'false'],
    ['010.1.2.3', ['10.0.0.0/8'], 'error'],
    ['10.1.2', ['10.0.0.0/8'], 'error'],
    ['10.1.2.3, 1.2.3.4', ['10.0.0.0/8'], 'error'],
    ['', ['10.0.0.0/8'], 'error'],
    [undefined, ['10.0.0.0/8'], 'error'],
  ])('%s in %j: %s', (address, networks, expected) => {
    expect(from(address, networks)).toBe(expected)
  })

  it.each([
    '10.0.0.0/33',
    '10.0.0.1/8',
    '10.0.0.0/',
    'example.com',
    '1::2::3',
    '::/129',
    '10.0.0.0/08',
    '1:2:3:4:5:6:7:8:9',
  ])('refuses %s in a rule', (network) => {
    expect(parseRules({ user: [{ id: 'r', effect: 'permit', when: { address: [network] } }] }).ok).toBe(false)
  })
})
