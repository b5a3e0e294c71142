import type { OAuthStorage } from './authorization-server.ts'

/** Clients only: what the library sees where there is no grant. */
export function emptyStorage(shared: OAuthStorage): OAuthStorage {
  const isGrant = (key: string): boolean => key.startsWith('grant:') || key.startsWith('token:')
  return {
    get: async (key, options) => (isGrant(key) ? null : shared.get(key, options)),
    put: (key, value, options) => shared.put(key, value, options),
    delete: (key) => shared.delete(key),
    list: async () => ({ keys: [], list_complete: true }),
  }
}
