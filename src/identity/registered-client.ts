import { agentId } from '../core/ids.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { Admin } from './admin.ts'
import { requireRole } from './admin.ts'
import { upsertAgent } from './agents.ts'
import { authorizationServer, noResource } from './authorization-server.ts'
import type { IdentityDeps } from './deps.ts'
import { displayName } from './display-name.ts'
import { emptyStorage } from './empty-storage.ts'
import { identityEvent } from './events.ts'
import { redirectTarget } from './redirect.ts'

export type NewClient = { name: string; redirectUris: string[]; confidential: boolean }

/**
 * An OAuth client that an administrator made: the way for clients that can neither describe nor register themselves.
 * `clientSecret` is shown once. Errors: `identity/forbidden`, `core/bad_request`.
 */
export async function createRegisteredClient(
  admin: Admin,
  { name, redirectUris, confidential }: NewClient,
  deps: IdentityDeps,
): Promise<Result<{ clientId: string; clientSecret: string | null }>> {
  const { config, clients, db, now, record } = deps
  const allowed = requireRole(admin, 'admin')
  if (!allowed.ok) return allowed
  const isFit = redirectUris.length > 0 && redirectUris.every((uri) => redirectTarget(uri) !== null)
  if (!isFit) return refuse('core/bad_request', { message: 'Every redirect URI has to be https or on this computer.' })

  const server = authorizationServer(config, noResource(config))
  const shown = displayName(name, 'Unnamed client')
  const client = await server.getOAuthApi({ OAUTH_KV: emptyStorage(clients) }).createClient({
    clientName: shown,
    redirectUris,
    ...(!confidential && { tokenEndpointAuthMethod: 'none' }),
  })
  const { project } = admin
  const { clientId, clientSecret = null } = client
  const id = await agentId(project, clientId)
  await upsertAgent(db, project, id, { kind: 'registered', clientId, name: shown, trust: 'known' }, now())
  const details = { what: 'client_created', clientId, name: shown, by: admin.name }
  await record([identityEvent('admin.changed', { project, agent: id }, now(), details)])
  return ok({ clientId, clientSecret })
}
