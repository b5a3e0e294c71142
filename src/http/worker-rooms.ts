import { adminRoutes } from '../admin/admin.ts'
import type { Config } from '../config/config.ts'
import type { Caller } from '../core/caller.ts'
import { systemClock } from '../core/clock.ts'
import { sessionId } from '../core/ids.ts'
import { connectRoutes, signInKeeper } from '../connect/connect.ts'
import { endSessions, principalsChanged, resolveGateway } from '../gateways/gateways.ts'
import { challengeFor, identifyCaller, identityDeps, identityRoutes } from '../identity/identity.ts'
import { Remembered } from '../core/remembered.ts'
import type { Turn } from '../mcp/mcp.ts'
import type { RequestUrl } from './request-url.ts'
import type { Rooms } from './rooms.ts'
import { changeFeed } from './worker-changes.ts'

/** The rooms as the Worker's bindings give them. Made once per isolate. */
export function workerRooms(env: Env, config: Config): Rooms {
  const find = async (url: RequestUrl) => {
    const route = await resolveGateway(url, env)
    return route.ok ? route.value : null
  }
  const identity = identityDeps(env, config, {
    resolveGateway: find,
    endSessions: (project, which) => endSessions(env, project, which),
    principalsChanged: (project, match) => principalsChanged(env, project, match),
    ...signInKeeper(env),
  })
  const deps = () => identity
  return {
    config,
    now: systemClock,
    resolveGateway: find,
    identify: (request, gateway) => identifyCaller(request, gateway, identity),
    challenge: challengeFor,
    session: (caller) => sessionOf(env, caller),
    changes: changeFeed(env, sessionName),
    mount(app) {
      app.route('/', identityRoutes(deps))
      app.route('/', adminRoutes(deps))
      app.route('/', connectRoutes(deps))
    },
  }
}

const names = new Remembered<Promise<string>>(10_000)

/** A session is named by everybody and everything it is for; the name of one that calls again is not hashed again. */
async function sessionOf(env: Env, caller: Caller): Promise<Pick<Turn, 'session'>> {
  return { session: env.SESSION.getByName(await sessionName(caller)) as unknown as Turn['session'] }
}

function sessionName({ project, gateway, user, agent, grant }: Caller): Promise<string> {
  const key = JSON.stringify([project, gateway, user.id, agent.id, grant])
  let name = names.get(key)
  if (!name) names.set(key, (name = sessionId(project, gateway, user.id, agent.id, grant)))
  return name
}
