import type { Config } from '../config/config.ts'

/** On every answer. What a page needs beyond it, `core/page.ts` sets; an answer that says nothing is not to be kept. */
export function secured(response: Response, { publicUrl }: Pick<Config, 'publicUrl'>): Response {
  const isHttps = publicUrl.startsWith('https:')
  try {
    return withHeaders(response, isHttps)
  } catch {
    // What came from `fetch` or a redirect has headers that cannot be changed.
    return withHeaders(new Response(response.body, response), isHttps)
  }
}

function withHeaders(response: Response, isHttps: boolean): Response {
  const { headers } = response
  headers.set('x-content-type-options', 'nosniff')
  headers.set('referrer-policy', 'no-referrer')
  if (!headers.has('cache-control')) headers.set('cache-control', 'no-store')
  if (isHttps) headers.set('strict-transport-security', 'max-age=31536000')
  return response
}
