import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { OAuthClientProvider, OAuthDiscoveryState } from '@modelcontextprotocol/client'
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client'

export type AgentOptions = {
  name: string
  url: string
  /** A client id an administrator made; without it the agent registers itself. */
  clientId?: string
  /** Takes the person to a page: to sign in, or to connect an account. */
  open: (url: string) => Promise<void>
  era?: 'auto' | 'legacy'
}

export type Agent = { client: Client; close(): Promise<void> }

/**
 * An agent as its developer would write it with the official SDK: sign-in with OAuth in the browser, and the person's answer
 * to a link a tool asks them to open.
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const callback = await waitForCallback()
  const provider = oauthProvider(options, callback.url)
  const transport = () => new StreamableHTTPClientTransport(new URL(options.url), { authProvider: provider })
  const client = newClient(options)
  const first = transport()
  try {
    await client.connect(first)
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error
    await first.finishAuth(await callback.parameters)
    await client.close()
    await client.connect(transport())
  }
  return {
    client,
    async close() {
      await client.close()
      callback.close()
    },
  }
}

function newClient({ name, open, era = 'auto' }: AgentOptions): Client {
  const client = new Client(
    { name, version: '1.0.0' },
    { capabilities: { elicitation: { url: {} } }, versionNegotiation: { mode: era } },
  )
  client.setRequestHandler('elicitation/create', async ({ params }) => {
    if (params.mode !== 'url') return { action: 'decline' }
    await open(params.url)
    return { action: 'accept' }
  })
  return client
}

function oauthProvider({ name, clientId, open }: AgentOptions, redirectUrl: string): OAuthClientProvider {
  let information = clientId === undefined ? undefined : { client_id: clientId }
  let tokens: Awaited<ReturnType<OAuthClientProvider['tokens']>>
  let verifier = ''
  let discovered: OAuthDiscoveryState | undefined
  return {
    redirectUrl,
    clientMetadata: {
      client_name: name,
      redirect_uris: [redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    clientInformation: () => information,
    saveClientInformation: (saved) => void (information = saved as { client_id: string }),
    tokens: () => tokens,
    saveTokens: (saved) => void (tokens = saved),
    redirectToAuthorization: (url) => open(url.href),
    saveCodeVerifier: (saved) => void (verifier = saved),
    codeVerifier: () => verifier,
    saveDiscoveryState: (saved) => void (discovered = saved),
    discoveryState: () => discovered,
  }
}

/** The loopback listener of a native app (RFC 8252 §7.3): any port, one request. */
async function waitForCallback(): Promise<{ url: string; parameters: Promise<URLSearchParams>; close(): void }> {
  let arrived: (parameters: URLSearchParams) => void = () => {}
  const parameters = new Promise<URLSearchParams>((done) => (arrived = done))
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    if (url.pathname !== '/callback') return void response.writeHead(404).end()
    response.setHeader('content-type', 'text/html').end('<h1>Signed in</h1><p>Go back to your agent.</p>')
    arrived(url.searchParams)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/callback`, parameters, close: () => server.close() }
}
