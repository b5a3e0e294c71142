import { adminRoutes } from '../admin/admin.ts'
import type { Config } from '../config/config.ts'
import type { Caller } from '../core/caller.ts'
import { systemClock } from '../core/clock.ts'
import { sessionId } from '../core/ids.ts'
import { ok, refuse } from '../core/result.ts'
import { connectRoutes } from '../connect/connect.ts'
import { endSessions, openChanges, resolveGateway } from '../gateways/gateways.ts'
import { challengeFor, identifyCaller, identityDeps, identityRoutes } from '../identity/identity.ts'
import { logFault } from '../core/log.ts'
import { Remembered } from '../core/remembered.ts'
import type { Change as GatewayChange } from '../gateways/gateways.ts'
import type { ChangeFeed, ChangeListener } from '../mcp/mcp.ts'
import type { Turn } from '../mcp/mcp.ts'
import type { Rooms } from './rooms.ts'

/** The rooms as the Worker's bindings give them. Made once per isolate. */
export function workerRooms(env: Env, config: Config): Rooms {
  const find = async (url: URL) => {
    const route = await resolveGateway(url, env)
    return route.ok ? route.value : null
  }
  const identity = identityDeps(env, config, {
    resolveGateway: find,
    endSessions: (project, which) => endSessions(env, project, which),
  })
  const deps = () => identity
  return {
    config,
    now: systemClock,
    resolveGateway: find,
    identify: (request, gateway) => identifyCaller(request, gateway, identity),
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

const names = new Remembered<Promise<string>>(10_000)

/** A session is named by everybody and everything it is for; the name of one that calls again is not hashed again. */
async function sessionOf(env: Env, caller: Caller): Promise<Turn['session']> {
  return env.SESSION.getByName(await sessionName(caller)) as unknown as Turn['session']
}

function sessionName({ project, gateway, user, agent, grant }: Caller): Promise<string> {
  const key = JSON.stringify([project, gateway, user.id, agent.id, grant])
  let name = names.get(key)
  if (!name) names.set(key, (name = sessionId(project, gateway, user.id, agent.id, grant)))
  return name
}

const tooManyStreams = refuse('mcp/too_many_streams', { retryAfterMs: 60_000 })

function changeFeed(env: Env): ChangeFeed {
  return {
    async subscribe(caller, listener) {
      const { project, gateway, user, agent } = caller
      const session = await sessionName(caller)
      const opened = await openChanges(env, { project, gateway }, { user: user.id, agent: agent.id, session })
      if (!opened.ok) return opened.error.code === 'policy/limit_reached' ? tooManyStreams : opened
      const reader = opened.value.getReader()
      void follow(reader, listener).finally(() => listener.ended())
      return ok(() => void reader.cancel())
    },
  }
}

/** A new version, or what happened in the session, may leave other tools, prompts and resources: which, a list says. */
async function follow(reader: ReadableStreamDefaultReader<GatewayChange>, { changed }: ChangeListener): Promise<void> {
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      if (value.kind !== 'ended') for (const list of ['tools', 'prompts', 'resources'] as const) changed(list)
    }
  } catch (fault) {
    logFault('http.changes_lost', fault)
  }
}
