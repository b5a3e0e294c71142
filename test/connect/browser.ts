import { env, exports } from 'cloudflare:workers'
import { expect } from 'vitest'
import type { ProjectId, UserId } from '../../src/core/ids.ts'
import { openDb } from '../../src/db/db.ts'
import { users } from '../../src/db/schema.ts'
import { sessionCookie } from '../../src/identity/browser-session.ts'
import { config } from '../vault/vault-harness.ts'

/** A person's browser: cookies kept, redirects not followed. */
export class Browser {
  readonly #jar = new Map<string, string>()
  readonly seen: Response[] = []

  static async of(project: string, user: string): Promise<Browser> {
    const browser = new Browser()
    await openDb(env.DB)
      .insert(users)
      .values({
        project,
        id: user,
        kind: 'person',
        issuer: 'https://idp.test',
        subject: user,
        name: `Person ${user.slice(0, 4)}`,
        email: `${user.slice(0, 4)}@acme.test`,
        createdAt: 0,
        updatedAt: 0,
      })
      .onConflictDoNothing()
    browser.#keep(
      await sessionCookie(config, {
        project: project as ProjectId,
        user: user as UserId,
        provider: 'idp',
        signedInAt: Date.now(),
      }),
    )
    return browser
  }

  async get(path: string): Promise<Response> {
    return this.#send(new Request(new URL(path, config.publicUrl), { headers: this.#headers(), redirect: 'manual' }))
  }

  async post(path: string, form: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
    const init = { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' as const }
    return this.#send(
      new Request(new URL(path, config.publicUrl), { ...init, headers: { ...this.#headers(), ...headers } }),
    )
  }

  dropStateCookies(): void {
    for (const name of this.#jar.keys()) if (name.includes('connect')) this.#jar.delete(name)
  }

  /** The same browser, signed in as somebody else. */
  async signInAs(project: string, user: string): Promise<void> {
    const other = await Browser.of(project, user)
    for (const [name, value] of other.#jar) this.#jar.set(name, value)
  }

  async #send(request: Request): Promise<Response> {
    const response = await exports.default.fetch(request)
    for (const cookie of response.headers.getSetCookie()) this.#keep(cookie)
    this.seen.push(response.clone())
    return response
  }

  #keep(cookie: string): void {
    const [pair = ''] = cookie.split(';')
    const [name = '', value = ''] = pair.split(/=(.*)/s)
    if (value === '') this.#jar.delete(name)
    else this.#jar.set(name, value)
  }

  #headers(): Record<string, string> {
    return { cookie: [...this.#jar].map(([name, value]) => `${name}=${value}`).join('; ') }
  }
}

/** The form on a page, as a browser without JavaScript would send it. */
export async function formOf(response: Response, button = 0): Promise<Record<string, string>> {
  const text = await response.text()
  const fields: Record<string, string> = {}
  for (const [, name, value] of text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)) {
    if (name && value) fields[name] = value
  }
  const pressed = [...text.matchAll(/<button name="([^"]*)" value="([^"]*)"/g)][button]
  if (pressed?.[1] && pressed[2]) fields[pressed[1]] = pressed[2]
  return fields
}

export const leaving = (response: Response): string =>
  /^0; url=(.+)$/.exec(response.headers.get('refresh') ?? '')?.[1] ?? ''

/** Up to the provider's consent page, as this person. */
export async function toProvider(browser: Browser, link: string): Promise<string> {
  const page = await browser.get(`/connect/${link}`)
  expect(page.status).toBe(200)
  const left = await browser.post(`/connect/${link}`, await formOf(page))
  expect(left.status).toBe(200)
  return leaving(left)
}

export const callbackOf = (back: URL): string => back.pathname + back.search

/** Back from the provider: as far as the page that shows the account. */
export async function backAt(browser: Browser, back: URL): Promise<{ path: string; page: Response }> {
  const returned = await browser.get(callbackOf(back))
  expect(returned.status).toBe(303)
  const path = returned.headers.get('location') ?? ''
  return { path, page: await browser.get(path) }
}

/** And "Use this account" on it. Ends with the result. */
export async function connected(browser: Browser, back: URL): Promise<Response> {
  const { path, page } = await backAt(browser, back)
  expect(await page.clone().text()).toContain('Is this your account')
  const kept = await browser.post(path, await formOf(page))
  expect(kept.status).toBe(303)
  return browser.get(kept.headers.get('location') ?? '')
}
