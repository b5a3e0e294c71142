import { describe, expect, it } from 'vitest'
import { cutPage } from '../../src/catalog/catalog.ts'
import { vettedPage } from '../../src/catalog/app-page.ts'
import { upstreamSettingsSchema } from '../../src/catalog/catalog.ts'

describe('what a server says of its page', () => {
  it('goes on as far as SEP-1865 defines it', () => {
    const said = {
      csp: { connectDomains: ['https://api.example', 'wss://live.example:8443'], scriptSrc: ['https://x.example'] },
      permissions: { camera: {}, clipboardWrite: {}, usb: {} },
      domain: 'page.example',
      prefersBorder: true,
      sandbox: 'allow-top-navigation',
    }
    expect(vettedPage(said)).toEqual({
      csp: { connectDomains: ['https://api.example', 'wss://live.example:8443'] },
      permissions: { camera: {}, clipboardWrite: {} },
      domain: 'page.example',
      prefersBorder: true,
    })
  })

  it.each([
    'https://x.example; script-src *',
    "'unsafe-eval'",
    '*',
    'https://*',
    'https://*.com.*',
    'http://x.example',
    'https://x.example/path',
    'https://u:p@x.example',
    'https://x.example:99999999',
    'https://x.example\nframe-src *',
    'data:',
    'javascript:alert(1)',
    7,
  ])('never holds the origin %j', (bad) => {
    const page = vettedPage({ csp: { resourceDomains: [bad, 'https://Good.example/'] } })
    expect(page).toEqual({ csp: { resourceDomains: ['https://good.example'] } })
    expect(upstreamSettingsSchema.safeParse({ pages: { csp: { resourceDomains: [bad] } } }).success).toBe(false)
  })

  it('is bounded, and nothing where it is no object', () => {
    const many = Array.from({ length: 1_000 }, (_, n) => `https://h${n}.example`)
    expect(
      (vettedPage({ csp: { frameDomains: many } })['csp'] as { frameDomains: string[] }).frameDomains,
    ).toHaveLength(50)
    for (const said of [null, 'x', ['y'], 3]) expect(vettedPage(said)).toEqual({})
    expect(vettedPage({ csp: 'x', permissions: [], domain: 'a b', prefersBorder: 'yes' })).toEqual({})
  })
})

describe('a page that is read', () => {
  const admitted = [
    vettedPage({ csp: { connectDomains: ['https://api.example'] }, permissions: { camera: {} }, domain: 'a.example' }),
    vettedPage({ csp: { resourceDomains: ['https://*.cdn.example'] } }),
  ]

  it('has what was admitted, in one place or the other', () => {
    const said = {
      csp: { connectDomains: ['https://api.example'], resourceDomains: ['https://a.cdn.example'] },
      permissions: { camera: {} },
      domain: 'a.example',
      prefersBorder: false,
    }
    expect(cutPage(said, admitted)).toEqual(said)
  })

  it.each([
    ['another origin', { csp: { connectDomains: ['https://evil.example'] } }, { csp: {} }],
    ['an origin for another use', { csp: { frameDomains: ['https://api.example'] } }, { csp: {} }],
    ['a wider origin', { csp: { connectDomains: ['https://*.example'] } }, { csp: {} }],
    ['the name above', { csp: { resourceDomains: ['https://cdn.example'] } }, { csp: {} }],
    ['a name that ends alike', { csp: { resourceDomains: ['https://evilcdn.example'] } }, { csp: {} }],
    ['another scheme', { csp: { resourceDomains: ['wss://a.cdn.example'] } }, { csp: {} }],
    ['another permission', { permissions: { microphone: {} } }, { permissions: {} }],
    ['another origin of its own', { domain: 'bank.example' }, {}],
    ['a member nobody knows', { allow: 'all' }, {}],
  ])('loses %s', (_, said, left) => {
    expect(cutPage(said, admitted)).toEqual(left)
    expect(cutPage(said, [])).toEqual(left)
  })
})
