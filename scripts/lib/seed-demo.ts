import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { DemoPorts } from './demo-world.ts'
import { demoClients } from './demo-world.ts'
import { root } from './root.ts'
import { Stop } from './stop.ts'

export type DemoDeployment = { url: string; adminToken: string; ports: DemoPorts }

export const demoGateways = ['engineering', 'support']

/**
 * Puts the demo into a deployment through its own admin API, so that nothing is in it that an administrator could not do.
 * Safe to repeat: what is as it should be stays as it is.
 */
export async function seedDemo(deployment: DemoDeployment): Promise<void> {
  const { ports } = deployment
  await admin(deployment, 'PUT', '/identity-providers/okta', {
    issuer: `http://localhost:${ports.okta}/oauth2/default`,
    clientId: demoClients.okta.clientId,
    clientSecret: demoClients.okta.clientSecret,
    settings: { scopes: ['openid', 'profile', 'email', 'groups'] },
  })
  await admin(deployment, 'PUT', '/providers/github', {
    spec: 'github',
    clientId: demoClients.github.clientId,
    clientSecret: demoClients.github.clientSecret,
    settings: {
      origins: {
        'https://github.com': `http://localhost:${ports.github}`,
        'https://api.github.com': `http://localhost:${ports.github}`,
      },
    },
  })
  await addSampleServer(deployment)
  for (const name of demoGateways) await applyGateway(deployment, name)
}

/** Of somebody else's MCP server, what an administrator agreed to. The rest of what it offers stays in quarantine. */
const admitted = ['echo', 'get-sum', 'get-tiny-image']

async function addSampleServer(deployment: DemoDeployment): Promise<void> {
  const at = '/upstreams/everything'
  const url = `http://localhost:${deployment.ports.everything}/mcp`
  await admin(deployment, 'PUT', at, { url, settings: { title: 'Sample server' } })
  const pins = await admin<{ items: { kind: string; name: string; hash: string }[] }>(deployment, 'GET', `${at}/pins`)
  const behaviour = { operation: 'read', destructive: false, idempotent: true, openWorld: false }
  const decisions = (pins?.items ?? [])
    .filter(({ kind, name }) => kind === 'tool' && admitted.includes(name))
    .map(({ kind, name, hash }) => ({ kind, name, hash, decision: 'admit', behaviour }))
  if (decisions.length < admitted.length) throw new Stop('The sample server does not offer what the demo uses.')
  await admin(deployment, 'POST', `${at}/pins`, { decisions })
}

async function applyGateway(deployment: DemoDeployment, name: string): Promise<void> {
  const document: unknown = parse(readFileSync(join(root, 'examples/gateways', `${name}.yaml`), 'utf8'))
  const live = await admin<{ version: number } | null>(deployment, 'GET', `/gateways/${name}`, undefined, [404])
  await admin(deployment, 'POST', '/gateways/apply', { document, base: live?.version ?? null })
}

/** One request to the admin API. Null for a status in `fine`. Throws Stop with what the API said. */
export async function admin<Reply>(
  { url, adminToken }: Pick<DemoDeployment, 'url' | 'adminToken'>,
  method: string,
  path: string,
  body?: unknown,
  fine: readonly number[] = [],
): Promise<Reply | null> {
  const answer = await fetch(`${url}/admin/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  if (fine.includes(answer.status)) return null
  const text = await answer.text()
  if (!answer.ok) throw new Stop(`The admin API answered ${answer.status} to ${method} ${path}: ${text.slice(0, 500)}`)
  return JSON.parse(text) as Reply
}
