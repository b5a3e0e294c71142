import { describe, expect, it } from 'vitest'
import { timeOf } from '../../cli/events.ts'
import { columnsOf, detailsOf } from '../../cli/event-text.ts'

const event = {
  id: 'e',
  at: 0,
  type: 'tool.refused',
  user: 'u'.repeat(43),
  agent: 'claude',
  tool: 'X\u001b[2J\nfake line',
  outcome: 'refused',
  sequence: 1,
  attributes: { esc: '\u001b]0;x\u0007' },
  payload: { user: { name: 'Alice' } },
  payloadState: 'open',
}

describe('an event in the terminal', () => {
  it('is one line, whatever somebody put into it (attack case 59)', () => {
    expect(columnsOf(event)).toEqual([
      '1970-01-01 00:00:00.000',
      'refused',
      'X␛[2J␊fake line',
      'Alice',
      'claude',
      'refused',
      '',
    ])
    // oxlint-disable-next-line no-control-regex -- this is what must not be there
    expect(detailsOf(event).join('\n')).not.toMatch(/[\u001b\u0007]/)
    expect(columnsOf({ ...event, payload: null })[3]).toBe('uuuuuuuuuuu…')
  })
})

describe('an event that is no call', () => {
  const { tool: _, ...rest } = event
  it.each([
    [
      { upstream: 'crm', kind: 'tool', name: 'evil\nname', change: 'changed', findings: [] },
      'crm tool evil␊name changed',
    ],
    [{ upstream: 'crm', before: 'up', state: 'down', reason: 'egress/timeout' }, 'crm down egress/timeout'],
    [{ action: 'apply', target: 'gateways/team', by: 'key' }, 'apply gateways/team'],
    [{}, 'team'],
  ])('says what it was about: %o', (attributes, about) => {
    expect(columnsOf({ ...rest, gateway: 'team', attributes })[5]).toBe(about)
  })
})

describe('a time on the command line', () => {
  it('is a time ago or a date', () => {
    expect(timeOf('--since', '2h', 10_000_000)).toBe('2800000')
    expect(timeOf('--since', '1970-01-01T00:00:01Z', 0)).toBe('1000')
    expect(timeOf('--since', undefined, 0)).toBeUndefined()
    expect(() => timeOf('--since', 'soon', 0)).toThrow('neither a time ago')
  })
})
