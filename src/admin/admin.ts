import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { IdentityDeps } from '../identity/identity.ts'
import { openApi } from './openapi.ts'
import { problem } from './problem.ts'
import { routes } from './routes.ts'
import { serve } from './serve.ts'

/**
 * Front door: administration. Every route is a row of `routes.ts`; `serve.ts` is what each of them goes through. Bound to the
 * project of the admin token, whatever the request says.
 */
export const adminApiPath = '/admin/api/v1'

const maxBodyBytes = 1024 * 1024

type Bindings = { Bindings: Env }

export function adminRoutes(identityOf: (env: Env) => IdentityDeps): Hono<Bindings> {
  const app = new Hono<Bindings>().basePath(adminApiPath)
  app.use(bodyLimit({ maxSize: maxBodyBytes, onError: () => problem({ code: 'core/too_large' }) }))
  app.get('/openapi.json', (c) => c.json(openApi(identityOf(c.env).config.publicUrl)))
  for (const route of routes) {
    const path = route.path.replaceAll(/\{(\w+)\}/g, ':$1')
    app.on(route.method, path, (c) =>
      serve(route, c.req.raw, c.req.param() as Record<string, string>, { env: c.env, identity: identityOf(c.env) }),
    )
  }
  app.all('/*', () => problem({ code: 'core/not_found' }))
  return app
}
