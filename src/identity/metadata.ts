import type { Config } from '../config/config.ts'
import type { GatewayRoute } from '../core/gateway-route.ts'
import type { JsonObject } from '../core/json.ts'
import { authorizationServer, noResource } from './authorization-server.ts'
import { baseScope, paths } from './names.ts'

/** RFC 9728 §2. Only the scope that any use needs: a client asks for all it finds here. */
export function protectedResourceMetadata(route: GatewayRoute, { publicUrl }: Config): JsonObject {
  return {
    resource: route.resource,
    authorization_servers: [publicUrl],
    scopes_supported: [baseScope],
    bearer_methods_supported: ['header'],
    resource_name: route.title,
  }
}

/** RFC 8414 §2: what the library can do, and where we put it. The same for every gateway. */
export async function authorizationServerMetadata(config: Config): Promise<JsonObject> {
  const server = authorizationServer(config, noResource(config))
  const where = new Request(`${config.publicUrl}/.well-known/oauth-authorization-server`)
  const answer = await server.fetch(where, { OAUTH_KV: nothing }, {} as ExecutionContext)
  const { protected_resources: _, ...metadata } = (await answer.json()) satisfies unknown as JsonObject
  return { ...metadata, revocation_endpoint: `${config.publicUrl}${paths.revoke}` }
}

/**
 * The same document where OpenID Connect clients look, with the members their parsers insist on. We issue no ID tokens, so the
 * key set is empty.
 */
export async function openIdConfiguration(config: Config): Promise<JsonObject> {
  return {
    ...(await authorizationServerMetadata(config)),
    jwks_uri: `${config.publicUrl}${paths.keys}`,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
  }
}

const nothing = {
  get: async () => null,
  put: async () => undefined,
  delete: async () => undefined,
  list: async () => ({ keys: [], list_complete: true }),
}
