import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** The service behind the tool: GitHub's "create an issue", which remembers every title it was sent. */
export type ChaosService = {
  url: string
  /** How often each title came. */
  titles: ReadonlyMap<string, number>
  stop(): Promise<void>
}

const token = { access_token: 'chaos-token', token_type: 'bearer', scope: 'repo,read:user' }
const user = { id: 1, login: 'chaos', name: 'Chaos', html_url: 'https://github.com/chaos' }

export async function startChaosService(): Promise<ChaosService> {
  const titles = new Map<string, number>()
  const server = await listening(async (request, body) => {
    if (request.url?.startsWith('/login/oauth/access_token')) return token
    if (request.method !== 'POST') return user
    const { title } = JSON.parse(body) as { title: string }
    titles.set(title, (titles.get(title) ?? 0) + 1)
    // Long enough that some processes die while their call is under way.
    await sleep(Math.random() * 40)
    return { number: titles.size, title, state: 'open', html_url: 'https://github.com/acme/site/issues/1', user }
  })
  return { url: server.url, titles, stop: () => server.stop() }
}

export async function listening(answer: (request: IncomingMessage, body: string) => Promise<unknown>) {
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const value = await answer(request, Buffer.concat(parts).toString())
    response.setHeader('content-type', 'application/json').end(JSON.stringify(value))
  }
  return served((request, response) => void respond(request, response).catch(() => response.destroy()))
}

export async function served(handler: (request: IncomingMessage, response: ServerResponse) => void) {
  const server: Server = createServer(handler)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    async stop() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
