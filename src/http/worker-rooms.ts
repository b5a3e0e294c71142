import { adminRoutes } from '../admin/admin.ts'
import type { Config } from '../config/config.ts'
import type { Caller } from '../core/caller.ts'
import { systemClock } from '../core/clock.ts'
import { sessionId } from '../core/ids.ts'
import { ok } from '../core/result.ts'
import { connectRoutes } from '../connect/connect.ts'
import { endSessions, openChanges, resolveGateway } from '../gateways/gateways.ts'
import { challengeFor, identifyCaller, identityDeps, identityRoutes } from '../identity/identity.ts'
import type { ChangeFeed } from '../mcp/mcp.ts'
import type { ConversationApi, SessionApi } from '../session/session.ts'
import type { Rooms } from './rooms.ts'

/** The rooms as the Worker's bindings give them. Made once per isolate; what reads D1 is made per request. */
export function workerRooms(env: Env, config: Config): Rooms {
  const find = async (url: URL) => {
    const route = await resolveGateway(url, env)
    return route.ok ? route.value : null
  }
  const deps = () =>
    identityDeps(env, config, {
      resolveGateway: find,
      endSessions: (project, which) => endSessions(env, project, which),
    })
  return {
    config,
    now: systemClock,
    resolveGateway: find,
    identify: (request, gateway) => identifyCaller(request, gateway, deps()),
    challenge: challengeFor,
    session: (caller) => sessionOf(env, caller),
    changes: changeFeed(env),
    mount(app) {
      app.route('/', identityRoutes(deps))
      app.route('/', adminRoutes(deps))
      app.route('/', connectRoutes(deps))
    },
  }
}

const names = new WeakMap<Caller['user'], Promise<string>>()

async function sessionOf(env: Env, caller: Caller): Promise<SessionApi & ConversationApi> {
  const { project, gateway, user, agent, grant } = caller
  // The user object is the one that identity remembers for a token, so a warm call does not hash again.
  let name = names.get(user)
  if (!name) names.set(user, (name = sessionId(project, gateway, user.id, agent.id, grant)))
  return env.SESSION.getByName(await name) as unknown as SessionApi & ConversationApi
}

function changeFeed(env: Env): ChangeFeed {
  return {
    async subscribe(caller, listener) {
      const { project, gateway, user, agent, grant } = caller
      const session = await sessionId(project, gateway, user.id, agent.id, grant)
      const opened = await openChanges(env, { project, gateway }, { user: user.id, agent: agent.id, session })
      if (!opened.ok) return opened
      const reader = opened.value.getReader()
      void (async () => {
        for (;;) {
          const { done, value } = await reader.read()
          if (done) return
          if (value.kind === 'published') listener('tools')
        }
      })().catch(() => undefined)
      return ok(() => void reader.cancel())
    },
  }
}
