import { html } from 'hono/html'
import { describe, expect, it } from 'vitest'
import { errorPage, facts, formPage, leavePage, messagePage, page } from '../../src/core/page.ts'

const attack = `"><script>alert(1)</script><img src=x onerror='a()'>`

describe('a page', () => {
  it('may load nothing, be framed by nobody and be kept nowhere', async () => {
    const { headers } = await page({ title: 'Hello', body: 'x' })
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy).toMatch(/^default-src 'none'; style-src 'nonce-[\w-]{22}'; form-action 'self'; /)
    expect(policy).toMatch(/base-uri 'none'; frame-ancestors 'none'$/)
    expect(policy).not.toContain('script-src')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
  })

  it('lets a caller add cookies but not loosen the policy', async () => {
    const headers = new Headers([
      ['set-cookie', 'a=1'],
      ['content-security-policy', 'default-src *'],
    ])
    const response = await page({ title: 'x', body: 'x', headers })
    expect(response.headers.get('set-cookie')).toBe('a=1')
    expect(response.headers.get('content-security-policy')).not.toContain('*')
  })

  it('uses a fresh nonce each time, and the style carries it', async () => {
    const [one, two] = [await page({ title: 'x', body: 'x' }), await page({ title: 'x', body: 'x' })]
    const nonce = (response: Response) =>
      /nonce-([\w-]+)/.exec(response.headers.get('content-security-policy') ?? '')?.[1]
    expect(nonce(one)).not.toBe(nonce(two))
    expect(await one.text()).toContain(`<style nonce="${nonce(one)}">`)
  })

  it('escapes what a client says of itself, wherever it stands (attack case 32)', async () => {
    const pages = await Promise.all([
      page({ title: attack, body: attack }),
      messagePage({ title: attack, text: attack, links: [{ href: attack, label: attack }] }),
      errorPage('core/not_found', { title: attack, text: attack, reference: attack }),
      formPage({
        title: attack,
        body: facts([[attack, html`<b>${attack}</b>`]]),
        action: attack,
        hidden: { [attack]: attack },
        buttons: [{ name: attack, value: attack, label: attack }],
      }),
    ])
    for (const response of pages) {
      const text = await response.text()
      expect(text).toContain('&lt;script&gt;')
      expect(text).not.toMatch(/<script|<img|"><script/)
    }
  })

  it('has a language, a title, one heading and a main landmark', async () => {
    const text = await (await messagePage({ title: 'Signed out', text: 'You are signed out.' })).text()
    expect(text).toContain('<html lang="en">')
    expect(text).toContain('<title>Signed out</title>')
    expect(text.match(/<h1>/g)).toHaveLength(1)
    expect(text).toContain('<main')
  })
})

describe('an error page', () => {
  it('takes status and text from the table', async () => {
    const response = await errorPage('connect/wrong_person')
    expect(response.status).toBe(403)
    expect(await response.text()).toContain('This link was made for another person.')
  })
})

describe('leaving', () => {
  it('starts a new navigation, with a link for those where it does not', async () => {
    const response = await leavePage('https://github.com/login?a=1&b="2"', 'github.com')
    expect(response.status).toBe(200)
    expect(response.headers.get('refresh')).toBe('0; url=https://github.com/login?a=1&b=%222%22')
    expect(await response.text()).toContain('href="https://github.com/login?a=1&amp;b=%222%22"')
  })

  it.each(['javascript:alert(1)', ' JaVaScRiPt:alert(1)', 'data:text/html,x', 'not a url'])(
    'does not go to %s',
    (url) => {
      expect(() => leavePage(url, 'x')).toThrow(/not a place to go|Invalid URL/)
    },
  )
})
