import type { Config } from '../config/config.ts'

const always = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
} as const

/** On every answer. What a page needs beyond it, `core/page.ts` sets; an answer that says nothing is not to be kept. */
export function secured(response: Response, { publicUrl }: Pick<Config, 'publicUrl'>): Response {
  const writable = isWritable(response) ? response : new Response(response.body, response)
  const { headers } = writable
  for (const [name, value] of Object.entries(always)) if (!headers.has(name)) headers.set(name, value)
  if (!headers.has('cache-control')) headers.set('cache-control', 'no-store')
  if (publicUrl.startsWith('https:')) headers.set('strict-transport-security', 'max-age=31536000')
  return writable
}

/** Responses that came from `fetch` or a redirect have headers that cannot be changed. */
function isWritable(response: Response): boolean {
  try {
    response.headers.delete('x-behalf-probe')
    return true
  } catch {
    return false
  }
}
