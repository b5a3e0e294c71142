import { describe, expect, it } from 'vitest'
import { hintOf } from '../../cli/sink.ts'

const answer = (reason: string, status: number | null = null) => ({ ok: false, reason, status, answer: '' })

describe('behalf sink test', () => {
  it.each([
    ['a name that is not known or a certificate', answer('egress/unreachable: internal error'), 'certificate'],
    ['silence', answer('egress/timeout'), '30 seconds'],
    ['a private address', answer('egress/blocked: private'), 'BEHALF_EGRESS_ALLOW'],
    ['a sign-in page', answer('a web page answered', 200), 'proxy'],
    ['a token that Entra refuses', answer('token: 401', 401), 'tenant'],
    ['400', answer('400', 400), 'the event itself'],
    ['401', answer('401', 401), '--secret'],
    ['403', answer('403', 403), 'may not'],
    ['404', answer('404', 404), 'path'],
    ['413', answer('413', 413), 'too large'],
    ['429', answer('429', 429), 'too much to do'],
    ['500', answer('500', 500), 'in trouble'],
  ])('says where to look first when a receiver answers with %s', (_, given, hint) => {
    expect(hintOf(given)).toContain(hint)
  })

  it('says nothing where there is nothing to say', () => {
    expect(hintOf({ ok: true, reason: '', status: 200, answer: '' })).toBeUndefined()
    expect(hintOf(answer('this is not an event collector', 200))).toBeUndefined()
  })
})
