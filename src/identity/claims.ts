import type { Json } from '../core/json.ts'
import type { Person } from './directory.ts'
import type { IdentityProvider } from './identity-provider.ts'

export type Claims = Readonly<Record<string, unknown>>

/**
 * `groups_unresolved`: the provider has not said which groups the person is in. That is not the same as none: a rule that
 * forbids a group something would not hold, so the sign-in is refused (attack case 19).
 */
export type ClaimsFault = 'subject_missing' | 'foreign_tenant' | 'groups_unresolved'

const maxGroups = 1_000

/** Who the ID token and UserInfo say this is. The key is issuer and subject; an e-mail address never is (attack case 18). */
export function readPerson(
  claims: Claims,
  { issuer, settings }: Pick<IdentityProvider, 'issuer' | 'settings'>,
): { ok: true; person: Person } | { ok: false; fault: ClaimsFault } {
  const subject = settings.kind === 'entra' ? text(claims['oid']) : text(claims['sub'])
  if (subject === null) return { ok: false, fault: 'subject_missing' }
  if (settings.kind === 'entra' && !isOfTenant(claims, issuer)) return { ok: false, fault: 'foreign_tenant' }
  const groups = readGroups(claims, settings.groupClaims)
  if (groups === null) return { ok: false, fault: 'groups_unresolved' }

  const name = text(claims['name']) ?? text(claims['preferred_username']) ?? subject
  const email = text(claims['email'])
  const attributes = readAttributes(claims, settings.attributes)
  return { ok: true, person: { issuer, subject, name, groups, attributes, ...(email !== null && { email }) } }
}

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

/** Entra writes the tenant into the issuer; a token whose `tid` is another's was not made for this company. */
function isOfTenant(claims: Claims, issuer: string): boolean {
  const tenant = text(claims['tid'])
  return tenant !== null && new URL(issuer).pathname.split('/').includes(tenant)
}

/** Null: unresolved. The URL that Entra offers instead is in the token, so it is never followed. */
function readGroups(claims: Claims, groupClaims: readonly string[]): string[] | null {
  const elsewhere = claims['_claim_names']
  const groups = new Set<string>()
  for (const claim of groupClaims) {
    const value = claims[claim]
    if (typeof elsewhere === 'object' && elsewhere !== null && claim in elsewhere) return null
    if (claim === 'groups' && claims['hasgroups'] !== undefined) return null
    if (value === undefined) continue
    const names = typeof value === 'string' ? [value] : value
    if (!Array.isArray(names) || !names.every((name) => text(name) !== null)) return null
    for (const name of names) groups.add(name as string)
  }
  return groups.size > maxGroups ? null : [...groups].toSorted()
}

function readAttributes(claims: Claims, wanted: Readonly<Record<string, string>>): Record<string, Json> {
  const found = Object.entries(wanted).filter(([, claim]) => Object.hasOwn(claims, claim))
  return Object.fromEntries(found.map(([attribute, claim]) => [attribute, claims[claim] as Json]))
}
