import { describe, expect, it } from 'vitest'
import { lookFault } from '../../src/federation/look-fault.ts'

describe('what an administrator is told of an address that is no MCP server', () => {
  it.each([
    ['egress/unreachable', {}, 'Nothing answers at this address.'],
    ['egress/blocked', {}, 'leads to another address'],
    ['upstream/failed', { status: 404, text: '<h1>Oh no</h1>' }, 'no MCP server (HTTP 404). Is the path right?'],
    ['upstream/failed', { reason: 'Unexpected token <' }, 'no MCP server. Is the path right?'],
    ['upstream/failed', { status: 403 }, 'refuses to answer us (HTTP 403). It may want a credential'],
    ['upstream/unavailable', { status: 503 }, 'not available right now (HTTP 503)'],
  ] as const)('%s %o', (code, evidence, words) => {
    const { message } = lookFault({ code, evidence })
    expect(message).toContain(words)
    for (const text of ['Oh no', 'Unexpected']) expect(message).not.toContain(text)
  })

  it('keeps what was said better elsewhere', () => {
    const refusal = { code: 'vault/secret_missing', message: 'Set these secrets first: KEY' } as const
    expect(lookFault(refusal)).toEqual(refusal)
    const silent = { code: 'upstream/unavailable', message: 'The Worker does not answer.' } as const
    expect(lookFault(silent)).toEqual(silent)
  })
})
