import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { admin } from '../seed-demo.ts'
import { waitForUrl } from '../wait-for-url.ts'
import type { ClientCheck, ClientUse } from './check.ts'
import { expectOutput } from './check.ts'
import { applyGateway } from './gateway.ts'

type Pin = { kind: string; name: string; hash: string }

/** A sample of MCP Apps (SEP-1865) behind a gateway: its tool names a page, and the page comes through. */
export function appServer(name: string, program: string, version: string): ClientCheck {
  return {
    name,
    package: `@modelcontextprotocol/${name}`,
    version,
    program,
    notCovered: 'the page on a screen: no host of apps is on npm',
    async run(use) {
      const stop = await serve(use)
      try {
        await addAll(use, name)
        await readThroughGateway(use, await applyGateway(use.deployment, name, name))
      } finally {
        await stop()
      }
    },
  }
}

async function serve({ children, program, sandbox, samplePort, see }: ClientUse): Promise<() => Promise<void>> {
  const env = { ...sandbox.env, PORT: `${samplePort}` } as Record<string, string> as NodeJS.ProcessEnv
  const child = children.start('sample', program, [], { cwd: sandbox.work, env, quiet: true })
  await waitForUrl(`http://localhost:${samplePort}/mcp`, { child })
  see('started')
  return async () => {
    child.process.kill('SIGKILL')
    await child.ended
  }
}

/** As an administrator would who looked at all of it. */
async function addAll({ deployment, samplePort, see }: ClientUse, name: string): Promise<void> {
  const at = `/upstreams/${name}`
  await admin(deployment, 'PUT', at, { url: `http://localhost:${samplePort}/mcp`, settings: { title: 'App' } })
  const pins = await admin<{ items: Pin[] }>(deployment, 'GET', `${at}/pins`)
  const behaviour = { operation: 'read', destructive: false, idempotent: true, openWorld: false }
  const decisions = (pins?.items ?? []).map(({ kind, name: pinned, hash }) => {
    return { kind, name: pinned, hash, decision: 'admit', ...(kind === 'tool' && { behaviour }) }
  })
  await admin(deployment, 'POST', `${at}/pins`, { decisions })
  see(`${decisions.length} definitions admitted`)
}

async function readThroughGateway({ appKey, see }: ClientUse, url: string): Promise<void> {
  const client = new Client(
    { name: 'host', version: '1' },
    { capabilities: { extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] } } } },
  )
  const requestInit = { headers: { authorization: `Bearer ${appKey}` } }
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }))
  try {
    const { tools } = await client.listTools()
    const [app] = tools.filter(({ _meta }) => uriOf(_meta) !== undefined)
    if (app === undefined) throw new Error(`no tool names a page: ${JSON.stringify(tools)}`)
    const uri = uriOf(app._meta) ?? ''
    see(`${app.name} names ${uri}`)
    const { contents } = await client.readResource({ uri })
    const [page] = contents
    const text = page !== undefined && 'text' in page ? page.text : ''
    expectOutput(`${page?.mimeType}\n${text}`, /^text\/html;profile=mcp-app\n[^]*<html/i, 'the page')
    see(`page of ${Math.round(text.length / 1024)} KiB`)
    const result = await client.callTool({ name: app.name, arguments: {} })
    if (result.isError) throw new Error(`${app.name}: ${JSON.stringify(result.content)}`)
    see('called')
  } finally {
    await client.close()
  }
}

const uriOf = (meta: Record<string, unknown> | undefined): string | undefined =>
  (meta?.['ui'] as { resourceUri?: string } | undefined)?.resourceUri
