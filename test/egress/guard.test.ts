import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isAllowedUrl } from '../../src/egress/egress.ts'
import '../support/property.ts'

const production = { development: false, egressAllow: [] }
const allowed = (url: string, config: { development: boolean; egressAllow: readonly string[] } = production): boolean =>
  isAllowedUrl(url, config).ok
const fault = (url: string): unknown => {
  const verdict = isAllowedUrl(url, production)
  return verdict.ok ? null : verdict.error.evidence?.['fault']
}

describe('the address guard', () => {
  it.each([
    'https://api.github.com/user',
    'https://example.com:8443/mcp',
    'https://8.8.8.8/',
    'https://[2606:4700:4700::1111]/',
    'https://xn--bcher-kva.example/',
    'https://bücher.example/',
    'https://a_b.example.com/',
  ])('lets a public address through: %s', (url) => {
    expect(allowed(url)).toBe(true)
  })

  it.each([
    'https://169.254.169.254/latest/meta-data',
    'https://2852039166/',
    'https://0xA9FEA9FE/',
    'https://0xa9.0xfe.0xa9.0xfe/',
    'https://0251.0376.0251.0376/',
    'https://169.254.43518/',
    'https://169.254.169.254./',
    'https://169。254。169。254/',
    'https://①⑥⑨.254.169.254/',
    'https://%31%36%39.254.169.254/',
    'https://[::ffff:169.254.169.254]/',
    'https://[::ffff:a9fe:a9fe]/',
    'https://[::169.254.169.254]/',
    'https://[64:ff9b::169.254.169.254]/',
    'https://[64:ff9b::a9fe:a9fe]/',
    'https://[64:ff9b:1::a9fe:a9fe]/',
    'https://[2002:a9fe:a9fe::1]/',
    'https://[2001:0:a9fe:a9fe::1]/',
    'https://[fd00:ec2::254]/',
    'https://[fe80::1]/',
    'https://[fec0::1]/',
    'https://[ff02::1]/',
    'https://[2001:db8::1]/',
    'https://[::]/',
    'https://[0:0:0:0:0:0:0:1]/',
    'https://127.0.0.1/',
    'https://127.1/',
    'https://0/',
    'https://0.0.0.0/',
    'https://10.0.0.1/',
    'https://172.16.0.1/',
    'https://172.31.255.255/',
    'https://192.168.1.1/',
    'https://100.64.0.1/',
    'https://198.18.0.1/',
    'https://224.0.0.1/',
    'https://255.255.255.255/',
  ])('refuses a private address in any spelling: %s', (url) => {
    expect(fault(url)).toBe('private_address')
  })

  it.each([
    'https://localhost/',
    'https://localhost./',
    'https://LOCALHOST/',
    'https://ⓛocalhost/',
    'https://a.localhost/',
    'https://printer.local/',
    'https://metadata.google.internal/',
    'https://metadata.google.internal./',
    'https://metadata/',
    'https://kubernetes.default.svc.cluster.local/',
    'https://vault.corp/',
    'https://router.lan/',
    'https://nas.home.arpa/',
  ])('refuses an internal name: %s', (url) => {
    expect(fault(url)).toBe('internal_name')
  })

  it.each(['https://169.254.169.254.nip.io/', 'https://10-0-0-1.sslip.io/', 'https://x.localtest.me/'])(
    'refuses a public name that spells a private address: %s',
    (url) => {
      expect(fault(url)).toBe('private_address')
    },
  )

  it.each([
    ['http://example.com/', 'scheme'],
    ['ftp://example.com/', 'scheme'],
    ['file:///etc/passwd', 'scheme'],
    ['data:text/plain,x', 'scheme'],
    ['javascript:alert(1)', 'scheme'],
    ['https://user:secret@example.com/', 'userinfo'],
    ['https://example.com@127.0.0.1/', 'userinfo'],
    ['https://', 'not_a_url'],
    ['https://exa mple.com/', 'not_a_url'],
    ['//example.com/', 'not_a_url'],
    ['https://a..b/', 'bad_host'],
    ['https://a*b.example/', 'bad_host'],
  ])('refuses %s as %s', (url, reason) => {
    expect(fault(url)).toBe(reason)
  })

  it('refuses every address of a private range, in decimal, hexadecimal, octal and mapped form', () => {
    const private4 = fc.oneof(
      ...[
        [10, 8],
        [127, 8],
        [0, 8],
      ].map(([first = 0]) => fc.tuple(fc.constant(first), fc.nat(255), fc.nat(255), fc.nat(255))),
      fc.tuple(fc.constant(192), fc.constant(168), fc.nat(255), fc.nat(255)),
      fc.tuple(fc.constant(169), fc.constant(254), fc.nat(255), fc.nat(255)),
      fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), fc.nat(255), fc.nat(255)),
      fc.tuple(fc.integer({ min: 224, max: 255 }), fc.nat(255), fc.nat(255), fc.nat(255)),
    )
    fc.assert(
      fc.property(private4, ([a, b, c, d]) => {
        const number = ((a * 256 + b) * 256 + c) * 256 + d
        const low = (c * 256 + d).toString(16)
        const high = (a * 256 + b).toString(16)
        const spellings = [
          `${a}.${b}.${c}.${d}`,
          `${number}`,
          `0x${number.toString(16)}`,
          `0${a.toString(8)}.0${b.toString(8)}.0${c.toString(8)}.0${d.toString(8)}`,
          `${a}.${(b * 256 + c) * 256 + d}`,
          `${a}.${b}.${c}.${d}.`,
          `[::ffff:${a}.${b}.${c}.${d}]`,
          `[64:ff9b::${high}:${low}]`,
          `[2002:${high}:${low}::]`,
        ]
        expect(spellings.filter((host) => fault(`https://${host}/`) !== 'private_address')).toEqual([])
      }),
    )
  })

  it('lets every address outside the special ranges through', () => {
    const first = fc.integer({ min: 1, max: 223 }).filter((n) => ![10, 100, 127, 169, 172, 192, 198, 203].includes(n))
    fc.assert(
      fc.property(first, fc.nat(255), fc.nat(255), fc.nat(255), (a, b, c, d) => {
        expect(allowed(`https://${a}.${b}.${c}.${d}/`)).toBe(true)
      }),
    )
  })

  it('allows plain http and loopback in development, and still no private network', () => {
    const development = { development: true, egressAllow: [] }
    const letThrough = (urls: string[]): string[] => urls.filter((url) => allowed(url, development))
    const fine = ['http://127.0.0.1:3000/', 'http://localhost:3000/', 'http://[::1]:3000/', 'http://example.com/']
    expect(letThrough(fine)).toEqual(fine)
    const inner = [
      'http://169.254.169.254/',
      'http://10.0.0.1/',
      'http://metadata.google.internal/',
      'ftp://x.example/',
    ]
    expect(letThrough(inner)).toEqual([])
  })

  it('lets a listed internal host through, on the listed port only, and never by plain http', () => {
    const config = { development: false, egressAllow: ['tools.internal', '10.1.2.3:8443', '[fd00::5]'] }
    expect(allowed('https://tools.internal:9000/', config)).toBe(true)
    expect(allowed('https://TOOLS.internal./', config)).toBe(true)
    expect(allowed('https://10.1.2.3:8443/', config)).toBe(true)
    expect(allowed('https://[fd00::5]/', config)).toBe(true)
    expect(allowed('https://10.1.2.3/', config)).toBe(false)
    expect(allowed('https://10.1.2.4:8443/', config)).toBe(false)
    expect(allowed('https://sub.tools.internal/', config)).toBe(false)
    expect(allowed('http://tools.internal/', config)).toBe(false)
    expect(allowed('https://user@tools.internal/', config)).toBe(false)
  })

  it('judges a second configuration on its own, although the origin was judged before', () => {
    expect(allowed('https://10.9.9.9/')).toBe(false)
    expect(allowed('https://10.9.9.9/', { development: false, egressAllow: ['10.9.9.9'] })).toBe(true)
    expect(allowed('https://10.9.9.9/')).toBe(false)
  })
})
