import type { Kit, Pair } from './kit.ts'
import { count } from './kit.ts'

const clientSecret = 'the-client-secret-of-us'

/** A server that signs services in at this path of its own, and where it was asked for a token. */
async function tokensAskedAt(kit: Kit, path: string): Promise<string[]> {
  const asked: string[] = []
  const served = await kit.serve((request) => {
    const { origin, pathname } = new URL(request.url)
    if (pathname.startsWith('/.well-known/oauth-protected-resource')) {
      return Response.json({ resource: `${origin}/mcp`, authorization_servers: [origin] })
    }
    if (pathname.startsWith('/.well-known/')) {
      return Response.json({
        issuer: origin,
        token_endpoint: origin + path,
        grant_types_supported: ['client_credentials'],
      })
    }
    if (pathname.startsWith('/token')) {
      asked.push(decodeURIComponent(request.url.slice(origin.length)))
      return Response.json({ access_token: 'granted', token_type: 'Bearer', expires_in: 60 })
    }
    const metadata = `${origin}/.well-known/oauth-protected-resource/mcp`
    return new Response(null, {
      status: 401,
      headers: { 'www-authenticate': `Bearer resource_metadata="${metadata}"` },
    })
  })
  const id = kit.name()
  await kit.add(id, `${served.url}/mcp`)
  await kit.world.admin('PUT', `/service-accounts/${id}`)
  const service = { serviceAccount: id, clientId: 'us', clientSecret }
  await kit.world.admin('POST', `/upstreams/${id}/service`, service)
  return asked
}

async function takes(kit: Kit, subdomain: string): Promise<boolean> {
  const settings = { variables: { subdomain } }
  const { status } = await kit.world.admin('PUT', `/providers/${kit.name()}`, {
    spec: 'zendesk',
    clientId: 'us',
    settings,
  })
  return status === 200
}

const templates: Pair = {
  name: 'a value that makes another address of a template',
  cases: [53],
  async attack(kit) {
    const paths = ['/token?leak={client_secret}', '/token/{+client_secret}', '/token?leak={state|client_secret}']
    const asked = await Promise.all(paths.map((path) => tokensAskedAt(kit, path)))
    const hosts = ['evil.example#', 'evil.example/', 'a.b', '..%2f', '@evil.example', 'acme@evil', 'acme\n', '']
    const taken = await Promise.all(hosts.map((host) => takes(kit, host)))
    return count(
      ...asked.map((urls) => urls.length > 0 && urls.every((url) => !url.includes(clientSecret))),
      ...taken.map((one) => !one),
    )
  },
  async benign(kit) {
    const asked = await Promise.all(['/token', '/token?region={eu}'].map((path) => tokensAskedAt(kit, path)))
    const taken = await Promise.all(['acme', 'Acme-2'].map((host) => takes(kit, host)))
    return count(asked[0]?.[0] === '/token', asked[1]?.[0] === '/token?region={eu}', ...taken)
  },
}

export const templatePairs: readonly Pair[] = [templates]
