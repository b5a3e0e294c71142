import type { Config } from '../config/config.ts'

/**
 * Who we are at an authorization server that takes the URL of a client's metadata (draft-ietf-oauth-client-id-metadata-document).
 * One document for each provider, because each has a callback of its own. Public, and the same for everybody.
 */
export function clientMetadata(provider: string, { publicUrl }: Pick<Config, 'publicUrl'>): Response {
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(provider)) return new Response(null, { status: 404 })
  const document = {
    client_id: `${publicUrl}/connect/client/${provider}`,
    client_name: 'Behalf',
    client_uri: publicUrl,
    redirect_uris: [`${publicUrl}/connect/callback/${provider}`],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    application_type: 'web',
  }
  return Response.json(document, { headers: { 'cache-control': 'public, max-age=3600' } })
}
