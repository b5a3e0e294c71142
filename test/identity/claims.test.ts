import { describe, expect, it } from 'vitest'
import { readPerson } from '../../src/identity/claims.ts'
import { providerSettings } from '../../src/identity/identity-provider.ts'

const issuer = 'https://login.acme.test'
const oidc = { issuer, settings: providerSettings.parse({ attributes: { department: 'dept' } }) }
const tenant = '11111111-2222-3333-4444-555555555555'
const entra = {
  issuer: `https://login.microsoftonline.com/${tenant}/v2.0`,
  settings: providerSettings.parse({ kind: 'entra', groupClaims: ['groups', 'roles'] }),
}

describe('who a sign-in says it is', () => {
  it('is issuer and subject; an e-mail address is only shown (attack case 18)', () => {
    const alice = readPerson({ sub: '1', email: 'boss@acme.test' }, oidc)
    const boss = readPerson({ sub: '2', email: 'boss@acme.test' }, oidc)
    expect(alice).toMatchObject({ ok: true, person: { issuer, subject: '1', email: 'boss@acme.test' } })
    expect(boss).toMatchObject({ ok: true, person: { issuer, subject: '2' } })
  })

  it('takes groups and the attributes that were asked for', () => {
    const claims = { sub: '1', name: 'Alice', groups: ['b', 'a', 'b'], dept: { id: 7 }, salary: 1 }
    expect(readPerson(claims, oidc)).toMatchObject({
      person: { name: 'Alice', groups: ['a', 'b'], attributes: { department: { id: 7 } } },
    })
  })

  it('is nobody without a subject', () => {
    expect(readPerson({ name: 'Alice' }, oidc)).toEqual({ ok: false, fault: 'subject_missing' })
    expect(readPerson({ sub: '' }, oidc)).toEqual({ ok: false, fault: 'subject_missing' })
    expect(readPerson({ sub: 7 }, oidc)).toEqual({ ok: false, fault: 'subject_missing' })
  })

  it.each([
    ['an object', { a: 1 }],
    ['names and numbers', ['a', 1]],
    ['an empty name', ['']],
    ['too many', Array.from({ length: 1_001 }, (_, i) => `g${i}`)],
  ])('is refused when groups are %s: unreadable is not none', (_, groups) => {
    expect(readPerson({ sub: '1', groups }, oidc)).toEqual({ ok: false, fault: 'groups_unresolved' })
  })

  it('has no groups when the provider names none', () => {
    expect(readPerson({ sub: '1' }, oidc)).toMatchObject({ person: { groups: [] } })
  })
})

describe('a sign-in at Entra', () => {
  const claims = { sub: 'pairwise', oid: 'object-1', tid: tenant }

  it('is the tenant and the object id, not the pairwise subject', () => {
    expect(readPerson({ ...claims, roles: ['Admin'], groups: ['g'] }, entra)).toMatchObject({
      person: { issuer: entra.issuer, subject: 'object-1', groups: ['Admin', 'g'] },
    })
  })

  it.each(['22222222-2222-3333-4444-555555555555', 'v2.0x', undefined])(
    'is refused for tenant %s (attack case 18)',
    (tid) => {
      expect(readPerson({ ...claims, tid }, entra)).toEqual({ ok: false, fault: 'foreign_tenant' })
    },
  )

  it.each([
    { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://evil.test/groups' } } },
    { hasgroups: true },
    { hasgroups: 'true' },
  ])('is refused when groups were left out of the token, %j (attack case 19)', (overage) => {
    expect(readPerson({ ...claims, ...overage }, entra)).toEqual({ ok: false, fault: 'groups_unresolved' })
  })
})
