type Page = { url: string; status: number; html: string; headers: Headers }

/** A person at a browser without JavaScript: keeps cookies per host, follows redirects, and fills in forms. */
export function createPerson(leaveAt: (url: string) => boolean, fetch: typeof globalThis.fetch = globalThis.fetch) {
  const jars = new Map<string, Map<string, string>>()

  async function send(url: string, init: RequestInit = {}): Promise<Page> {
    const jar = jars.get(new URL(url).host) ?? new Map<string, string>()
    jars.set(new URL(url).host, jar)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...(init.headers as Record<string, string>), ...(cookie && { cookie }) }
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/s)
      if (value === '' || /max-age=0|expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(name)
      else jar.set(name, value)
    }
    const next = response.headers.get('location') ?? response.headers.get('refresh')?.replace(/^0; url=/, '')
    if (next === undefined)
      return { url, status: response.status, html: await response.text(), headers: response.headers }
    const target = new URL(next, url).href
    await response.body?.cancel()
    return leaveAt(target) ? { url: target, status: 0, html: '', headers: response.headers } : send(target)
  }

  return {
    open: (url: string): Promise<Page> => send(url),
    /** Sends the only form of the page, with its hidden fields. */
    submit({ url, html }: Page, fields: Record<string, string>): Promise<Page> {
      const action = /<form[^>]* action="([^"]*)"/.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? url
      const inputs = [...html.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([tag]) => {
        const attribute = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(tag)?.[1] ?? ''
        return [attribute('name'), attribute('value')] as const
      })
      return send(new URL(action, url).href, {
        method: 'POST',
        // As a browser writes it on a form of a page that sends no referrer.
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          origin: 'null',
          'sec-fetch-site': 'same-origin',
        },
        body: new URLSearchParams({ ...Object.fromEntries(inputs), ...fields }).toString(),
      })
    },
  }
}

export type Person = ReturnType<typeof createPerson>
