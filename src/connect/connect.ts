import { Hono } from 'hono'
import type { IdentityDeps } from '../identity/identity.ts'
import { changeAccount, showAccount } from './account-page.ts'
import { showActivity } from './activity-page.ts'
import { decideHere, showApproval } from './approval-page.ts'
import { finishConnect } from './callback.ts'
import { clientMetadata } from './client-metadata.ts'
import { confirmAccount, resultOf } from './end.ts'
import { showConnect, startConnect } from './link-page.ts'
import { connectPaths } from './paths.ts'

export { signInKeeper } from './signed-in.ts'

/**
 * Front door: the browser leg. A person opens the link that a call was refused with, sees for whom and what it is, goes to the
 * provider and comes back. The person is checked before the redirect and again at the callback (promise 6).
 */
export function connectRoutes(depsOf: (env: Env) => IdentityDeps): Hono<{ Bindings: Env }> {
  const app = new Hono<{ Bindings: Env }>()
  app.get(connectPaths.callback, (c) => finishConnect(c.req.raw, c.req.param('provider'), c.env, depsOf(c.env)))
  app.get(connectPaths.client, (c) => clientMetadata(c.req.param('provider'), depsOf(c.env).config))
  app.get(connectPaths.result, (c) => resultOf(c.req.raw, c.req.param('result'), depsOf(c.env)))
  app.post(connectPaths.result, (c) => confirmAccount(c.req.raw, c.req.param('result'), c.env, depsOf(c.env)))
  app.get(connectPaths.link, (c) => showConnect(c.req.raw, c.req.param('link'), c.env, depsOf(c.env)))
  app.post(connectPaths.link, (c) => startConnect(c.req.raw, c.req.param('link'), c.env, depsOf(c.env)))
  app.get(connectPaths.approval, (c) => showApproval(c.req.raw, c.req.param('approval'), depsOf(c.env)))
  app.post(connectPaths.approval, (c) => decideHere(c.req.raw, c.req.param('approval'), c.env, depsOf(c.env)))
  for (const wants of ['disconnect', 'default'] as const) {
    app.get(connectPaths[wants], (c) => showAccount(c.req.raw, wants, c.req.param('link'), c.env, depsOf(c.env)))
    app.post(connectPaths[wants], (c) => changeAccount(c.req.raw, wants, c.req.param('link'), c.env, depsOf(c.env)))
  }
  app.get(connectPaths.activity, (c) => showActivity(c.req.raw, c.env, depsOf(c.env)))
  return app
}
