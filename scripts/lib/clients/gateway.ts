import type { DemoDeployment } from '../seed-demo.ts'
import { admin } from '../seed-demo.ts'
import { Stop } from '../stop.ts'
import { refused, refusedReason } from './calls.ts'

export const gatewayName = 'clients'

const rules = {
  user: [
    { id: 'everybody', effect: 'permit' },
    {
      id: 'not-this-word',
      effect: 'forbid',
      tools: { names: [refused.tool] },
      when: { argument: 'message', eq: refused.arguments.message },
      help: refusedReason,
    },
  ],
  agent: [{ id: 'any-agent', effect: 'permit' }],
}

const base = { kind: 'Gateway', for: { everyone: true, serviceAccounts: ['checks'] }, rules }

export async function applyGateway(deployment: DemoDeployment, name: string, upstream: string): Promise<string> {
  const document = { ...base, name, tools: [{ upstream }], signIn: { modes: ['oauth', 'app_key'] } }
  await admin(deployment, 'POST', '/gateways/apply', { document, base: null })
  return `${deployment.url}/${name}/mcp`
}

/** A gateway with the sample server's tools, and what clients need that do not sign in or cannot name themselves here. */
export async function prepareGateway(deployment: DemoDeployment) {
  const url = await applyGateway(deployment, gatewayName, 'everything')
  const wanted = { kind: 'app', name: 'checks', agent: 'checks', actsFor: null }
  const key = await admin<{ token: string }>(deployment, 'POST', '/keys', wanted)
  const redirectUris = ['http://localhost/callback', 'http://127.0.0.1/callback']
  const made = { name: 'Registered by hand', redirectUris }
  const agent = await admin<{ clientId: string }>(deployment, 'POST', '/agents', made)
  if (key === null || agent === null) throw new Stop('The gateway for the checks could not be prepared.')
  return { gateway: { name: gatewayName, url }, appKey: key.token, clientId: agent.clientId }
}
