import { createServer } from 'node:http'
import type { Server } from 'node:http'

const user = JSON.stringify({ id: 1, login: 'bench', name: 'Bench', html_url: 'https://github.com/bench' })
const token = JSON.stringify({ access_token: 'bench-token', token_type: 'bearer', scope: 'repo,read:user' })

/**
 * The small service behind the tool: GitHub's `GET /user` and its token endpoint, as little as they can be.
 * Runs in a process of its own, so that it takes no time from the one that measures.
 */
export function startService(port: number): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', () => {
      response.setHeader('content-type', 'application/json')
      response.end(request.url?.startsWith('/login/oauth/access_token') ? token : user)
    })
  })
  server.keepAliveTimeout = 60_000
  return new Promise((done) => server.listen(port, '127.0.0.1', () => done(server)))
}

if (process.argv[1]?.endsWith('service.ts')) await startService(Number(process.argv[2]))
