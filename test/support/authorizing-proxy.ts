import type { Served } from './serve-fetch.ts'
import { serveFetch } from './serve-fetch.ts'

/**
 * Passes every request on to one URL with headers added: for tools that cannot be told to sign in. It stands for the target's
 * host, so a page of its own origin counts as one of the target's.
 */
export async function startAuthorizingProxy(
  target: string,
  headers: Record<string, string>,
  port = 0,
): Promise<Served> {
  const served = await serveFetch(async (request) => {
    const sent = new Headers(request.headers)
    for (const name of ['host', 'connection', 'content-length', 'transfer-encoding', 'keep-alive']) sent.delete(name)
    for (const [name, value] of Object.entries(headers)) sent.set(name, value)
    const own = [`http://localhost:${served.port}`, `http://127.0.0.1:${served.port}`]
    if (own.includes(sent.get('origin') ?? '')) sent.set('origin', new URL(target).origin)
    const body = request.method === 'GET' || request.method === 'HEAD' ? undefined : await request.arrayBuffer()
    const answer = await fetch(target, {
      method: request.method,
      headers: sent,
      redirect: 'manual',
      signal: request.signal,
      ...(body && { body }),
    })
    const received = new Headers(answer.headers)
    for (const name of ['content-encoding', 'content-length', 'transfer-encoding', 'connection']) received.delete(name)
    return new Response(answer.body, { status: answer.status, headers: received })
  }, port)
  return served
}
