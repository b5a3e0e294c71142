import { env, exports } from 'cloudflare:workers'
import type { Role } from '../../src/identity/identity.ts'
import { testAdminToken, testVars } from './test-vars.ts'

export type Answer<Body = never> = { status: number; body: Body & { code?: string; detail?: string }; headers: Headers }

export type SendOptions = { token?: string | null; headers?: Record<string, string>; raw?: string }

/** One request to the admin API, through the whole Worker. Without `token`: the deployment's own. */
export async function admin<Body = never>(
  method: string,
  path: string,
  body?: unknown,
  { token = testAdminToken, headers = {}, raw }: SendOptions = {},
): Promise<Answer<Body>> {
  const text = raw ?? (body === undefined ? undefined : JSON.stringify(body))
  const response = await exports.default.fetch(`${testVars.BEHALF_PUBLIC_URL}/admin/api/v1${path}`, {
    method,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(text === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(text === undefined ? {} : { body: text }),
  })
  const answer = await response.text()
  return {
    status: response.status,
    // Exports are many lines of JSON, or no JSON at all.
    body: (/ndjson|openmetrics/.test(response.headers.get('content-type') ?? '')
      ? answer
      : JSON.parse(answer || 'null')) as Answer<Body>['body'],
    headers: response.headers,
  }
}

/** An admin token of any project and role, put straight into D1. */
export async function newAdminToken(project: string, role: Role): Promise<string> {
  const token = `bh_adm_${crypto.randomUUID().replaceAll('-', '')}`
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token)))
  const hash = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  await env.DB.prepare(
    `INSERT INTO keys (project, id, kind, hash, prefix, name, role, created_at, created_by)
     VALUES (?, ?, 'admin', ?, 'bh_adm_', ?, ?, 0, 'test')`,
  )
    .bind(project, crypto.randomUUID(), hash, role, role)
    .run()
  return token
}
