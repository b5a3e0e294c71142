import { readConfig } from '../config/config.ts'
import type { Refused } from '../core/result.ts'
import { logFault } from '../core/log.ts'
import { createApp } from './app.ts'
import type { App } from './app.ts'
import { toResponse } from './on-error.ts'
import { workerRooms } from './worker-rooms.ts'

const apps = new WeakMap<Env, App>()

/** One request. A deployment that lacks a secret answers nothing else than that (design §3). */
export async function handle(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const config = readConfig(env)
  if (!config.ok) return notConfigured(config, env)
  let app = apps.get(env)
  if (!app) apps.set(env, (app = createApp(workerRooms(env, config.value))))
  return app.fetch(request, env, ctx)
}

const logged = new WeakSet<Env>()

/** Names what is missing, not its value, and logs it once. */
function notConfigured({ error }: Refused, env: Env): Response | Promise<Response> {
  const faults = error.evidence?.['faults']
  const names = Array.isArray(faults) ? faults.join('; ') : ''
  if (!logged.has(env)) {
    logged.add(env)
    logFault('config.missing', names)
  }
  return toResponse({ code: error.code, message: `This deployment is not configured: ${names}` }, { kind: 'json' })
}
