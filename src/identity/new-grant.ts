import type { GrantId } from '../core/ids.ts'
import type { OAuthStorage } from './authorization-server.ts'
import type { IdentityDeps } from './deps.ts'
import { emptyStorage } from './empty-storage.ts'

/** The grant that came out of one completed authorization. */
export type NewGrant = { id: GrantId | null }

/** The library's storage at the authorization endpoint: it writes one grant, which goes to its own object at once. */
export function newGrantStorage({ clients, grants }: IdentityDeps, made: NewGrant): OAuthStorage {
  return {
    ...emptyStorage(clients),
    async put(key, value, options = {}) {
      const name = /^grant:(.+:([\w-]{16}))$/.exec(key)
      if (!name?.[1] || options.expirationTtl === undefined) return clients.put(key, value, options)
      await grants.getByName(name[1]).create(key, value, options.expirationTtl)
      made.id = name[2] as GrantId
    },
  }
}
