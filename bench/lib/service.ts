import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'

const user = JSON.stringify({ id: 1, login: 'bench', name: 'Bench', html_url: 'https://github.com/bench' })
const token = JSON.stringify({ access_token: 'bench-token', token_type: 'bearer', scope: 'repo,read:user' })

const said = { resultType: 'complete', content: [{ type: 'text', text: 'bench' }] }

/**
 * The small service behind the tool: GitHub's `GET /user` and its token endpoint, and an MCP server, as little as they can be.
 * Runs in a process of its own, so that it takes no time from the one that measures.
 */
export function startService(port: number): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/hang')) return
    if (request.url?.startsWith('/mcp')) return void answerCall(request, response)
    request.resume()
    request.on('end', () => {
      response.setHeader('content-type', 'application/json')
      response.end(request.url?.startsWith('/login/oauth/access_token') ? token : user)
    })
  })
  server.keepAliveTimeout = 60_000
  return new Promise((done) => server.listen(port, '127.0.0.1', () => done(server)))
}

/** An MCP server of 2026-07-28 whose every tool says the same. */
async function answerCall(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = ''
  for await (const part of request) body += String(part)
  const { id } = JSON.parse(body) as { id?: number }
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ jsonrpc: '2.0', id, result: said }))
}

if (process.argv[1]?.endsWith('service.ts')) await startService(Number(process.argv[2]))
