import { Hono } from 'hono'
import { cors } from 'hono/cors'
import type { Config } from '../config/config.ts'
import type { GatewayRoute } from '../core/gateway-route.ts'
import { authorize, decide } from './authorize.ts'
import type { IdentityDeps } from './deps.ts'
import { authorizationServerMetadata, openIdConfiguration, protectedResourceMetadata } from './metadata.ts'
import { register } from './register.ts'
import { finishSignIn } from './sign-in.ts'
import { signOut, signOutForm, signOutPath } from './sign-out.ts'
import { revoke, token } from './token.ts'
import { paths } from './names.ts'

type Bindings = { Bindings: Env }

const wellKnown = {
  resource: '/.well-known/oauth-protected-resource',
  server: '/.well-known/oauth-authorization-server',
  openId: '/.well-known/openid-configuration',
} as const

/**
 * Every URL of this room. Clients look for metadata in more places than the specifications name: at the root, with the path
 * inserted, with the path in front; and for the endpoints at the root (facts with their issue numbers: docs/identity.md).
 */
export function identityRoutes(depsOf: (env: Env) => IdentityDeps): Hono<Bindings> {
  const app = new Hono<Bindings>()
  const open = cors({ origin: '*', allowMethods: ['GET', 'POST', 'OPTIONS'], maxAge: 86_400 })

  for (const path of Object.values(wellKnown)) {
    for (const place of [path, `${path}/*`, `/:gateway${path}`, `/:gateway/mcp${path}`]) app.use(place, open)
  }
  const atResource = [wellKnown.resource, `${wellKnown.resource}/*`]
  const behindResource = [`/:gateway${wellKnown.resource}`, `/:gateway/mcp${wellKnown.resource}`]
  app.on('GET', [...atResource, ...behindResource], async (c) => {
    const deps = depsOf(c.env)
    const route = await gatewayOfMetadata(new URL(c.req.url), deps)
    return route === null ? c.notFound() : c.json(protectedResourceMetadata(route, deps.config), 200, cached)
  })
  app.on('GET', everywhere(wellKnown.server), async (c) =>
    c.json(await authorizationServerMetadata(depsOf(c.env).config), 200, cached),
  )
  app.on('GET', everywhere(wellKnown.openId), async (c) =>
    c.json(await openIdConfiguration(depsOf(c.env).config), 200, cached),
  )
  app.get(paths.keys, (c) => c.json({ keys: [] }, 200, cached))

  app.get(paths.authorize, (c) => authorizeHere(c.req.raw, depsOf(c.env)))
  app.post(paths.authorize, (c) => decide(c.req.raw, depsOf(c.env)))
  app.get('/authorize', (c) => authorizeThere(c.req.raw, depsOf(c.env)))
  const endpoints = { token, register, revoke }
  for (const [name, handle] of Object.entries(endpoints)) {
    for (const path of [`/oauth/${name}`, `/${name}`]) {
      app.use(path, open)
      app.post(path, (c) => handle(c.req.raw, depsOf(c.env)))
    }
  }

  app.get(paths.callback, (c) => finishSignIn(c.req.raw, depsOf(c.env)))
  app.get(signOutPath, (c) => signOutForm(c.req.raw, depsOf(c.env)))
  app.post(signOutPath, (c) => signOut(c.req.raw, depsOf(c.env)))
  return app
}

const cached = { 'cache-control': 'public, max-age=300' }

const everywhere = (path: string): string[] => [path, `${path}/*`, `/:gateway${path}`, `/:gateway/mcp${path}`]

/** The gateway whose metadata this URL is. At the root of a gateway's own host it is that gateway's. */
async function gatewayOfMetadata(url: URL, deps: IdentityDeps): Promise<GatewayRoute | null> {
  const path = url.pathname.replace(wellKnown.resource, '')
  for (const candidate of path === '' || path === '/' ? ['/mcp'] : [path, `${path}/mcp`]) {
    const asked = `${url.origin}${candidate}`
    const route = await deps.resolveGateway(new URL(asked))
    const isThere = route?.enabled && route.signIn.modes.includes('oauth') && route.resources.includes(asked)
    if (isThere) return { ...route, resource: asked }
  }
  return null
}

/** The browser session belongs to one host, so the page is shown there only. */
function authorizeHere(request: Request, deps: IdentityDeps): Promise<Response> {
  const isHere = new URL(request.url).origin === new URL(deps.config.publicUrl).origin
  return isHere ? authorize(request, deps) : authorizeThere(request, deps)
}

/** From `/authorize`, or from a gateway's own host, which then says which gateway is meant. */
async function authorizeThere(request: Request, { config }: IdentityDeps): Promise<Response> {
  const url = new URL(request.url)
  if (!url.searchParams.has('resource') && isGatewayHost(url, config)) {
    url.searchParams.set('resource', `${url.origin}/mcp`)
  }
  return new Response(null, {
    status: 302,
    headers: { location: `${config.publicUrl}${paths.authorize}${url.search}` },
  })
}

const isGatewayHost = ({ host }: URL, { baseHost }: Config): boolean =>
  baseHost !== null && host.endsWith(`.${baseHost}`)
