import type { Deployment } from './deployment.ts'
import type { Shot } from './load.ts'

/** The service behind the tool, asked without Behalf. */
export const directShot = (service: string): Shot => ({
  url: new URL('/user', service),
  headers: { 'content-type': 'application/json' },
  body: '{}',
})

/** The bare Worker of `floor-worker.ts`. */
export const floorShot = (bare: string, name: string): Shot => ({
  url: new URL(bare),
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ name }),
})

export function callShot(to: Deployment, subject: string): Shot {
  return shotOf(to, 'bench', subject, 'tools/call', { name: 'GitHub_WhoAmI', arguments: {} }, 'GitHub_WhoAmI')
}

export function listShot(to: Deployment, gateway: string, subject = 'caller-0'): Shot {
  return shotOf(to, gateway, subject, 'tools/list', {})
}

/** One MCP request of a person through an agent with an app key. */
export function shotOf(
  to: Deployment,
  gateway: string,
  subject: string,
  method: string,
  params: object,
  name?: string,
): Shot {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
  }
  return {
    url: new URL(`/${gateway}/mcp`, to.url),
    headers: {
      authorization: `Bearer ${to.appKey}`,
      'behalf-user': `${to.issuer}|${subject}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(name === undefined ? {} : { 'mcp-name': name }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } }),
  }
}
