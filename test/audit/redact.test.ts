import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '../../src/core/json.ts'
import type { RedactionPolicy } from '../../src/audit/redact.ts'
import { measure, redact, redactionKey } from '../../src/audit/redact.ts'
import { redactEvent } from '../../src/audit/redact-event.ts'
import '../support/property.ts'
import { quickest } from '../support/quick.ts'

const key = redactionKey({ stateKey: new Uint8Array(32).fill(7) }, 'p')
const policy = (more: Partial<RedactionPolicy> = {}): RedactionPolicy => ({ mode: 'redacted', digestKey: key, ...more })
const kept = (value: Json, more: Partial<RedactionPolicy> = {}) => redact(value, policy(more)).value

/** Shapes of real credentials, none of them one. Put together here so that scanners of this repository stay calm. */
const credentials: [string, string][] = [
  ['github', `ghp_${'a1B2'.repeat(9)}`],
  // Of an installation since 2026: `ghs_`, the app's id and a JWT.
  ['github', `ghs_123456_eyJ${'a1B2'.repeat(9)}.${'c-3_'.repeat(9)}.${'d4E5'.repeat(9)}`],
  ['github', `github_pat_${'a1B2'.repeat(12)}`],
  ['slack', `xox${'b'}-123456789012-${'Ab1'.repeat(8)}`],
  ['google', `ya29.${'a0Af_-'.repeat(10)}`],
  ['aws', `AKIA${'ABCD1234'.repeat(2)}`],
  ['key', `sk-${'ant-api03-'}${'xY9_'.repeat(8)}`],
  ['key', `sk_${'live'}_${'4eC39Hq'.repeat(3)}`],
  ['linear', `lin_api_${'Zz09'.repeat(8)}`],
  ['atlassian', `ATATT3${'xFfGF0_-'.repeat(6)}`],
  ['gitlab', `glpat-${'AbCd-_12'.repeat(3)}`],
  ['jwt', `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.${'dozjgNryP4J3jVmN'.repeat(2)}`],
  ['pem', `-----BEGIN RSA PRIVATE KEY-----\nMIIEow${'IBAAKC'.repeat(20)}\n-----END RSA PRIVATE KEY-----`],
  ['bearer', `Bearer ${'opaque0123456789'.repeat(2)}`],
]

describe('redact', () => {
  it.each(credentials)('hides a %s credential wherever it stands', (kind, secret) => {
    const value = {
      text: `before ${secret} after`,
      list: [secret],
      [`key ${secret}`]: 1,
      nested: JSON.stringify({ inner: secret }),
      twice: `${secret}\n${secret}`,
    }
    const text = JSON.stringify(kept(value))
    expect(text).toContain(`[redacted:${kind}:`)
    expect(text).not.toContain(secret.slice(-12))
    expect(text).toContain('before ')
    expect(JSON.stringify(kept(value, { mode: 'full' }))).not.toContain(secret.slice(-12))
  })

  it('hides members by their name, whatever they hold', () => {
    const value = {
      Authorization: 'x',
      'X-Api-Key': 'y',
      client_secret: { a: 1 },
      refreshToken: ['z'],
      password: 12345,
      nested: [{ dbPassword: 'w' }],
      'Set-Cookie': 'a=b',
    }
    const text = JSON.stringify(kept(value))
    expect(text.match(/\[redacted:name:[0-9a-f]{8}\]/g)).toHaveLength(7)
    expect(kept({ page_token: 'abc', max_tokens: 5, secret: true, token: null })).toEqual({
      page_token: 'abc',
      max_tokens: 5,
      secret: true,
      token: null,
    })
    expect(kept({ 'internal-code': 'x' }, { names: ['Internal_Code'] })).toEqual({
      'internal-code': expect.stringContaining('[redacted:name:'),
    })
  })

  it('looks again at a text that it found harmless where there is more to hide', () => {
    const text = 'it is "internal-code": "4711", they said'
    expect(kept(text)).toBe(text)
    expect(kept(text, { names: ['Internal_Code'] })).not.toContain('4711')
    expect(kept(text)).toBe(text)
    // With no room left nothing was looked at.
    const filler = 'a'.repeat(20)
    const encoded = encodeURIComponent(JSON.stringify({ password: ['x1'] }))
    expect(kept({ [filler]: encoded }, { maxTotal: 20 })).toEqual({ [filler]: expect.stringMatching(/^\[cut:/) })
    expect(kept(encoded)).toContain('redacted')
  })

  it('hides what the tool marks as sensitive, also in mode full', () => {
    const value = {
      customer: { iban: 'DE0012345678', name: 'Acme' },
      rows: [{ salary: 1 }, { salary: 2, id: 3 }],
      'a/b': 'x',
    }
    const sensitive = ['/customer/iban', '/rows/*/salary', '/a~1b']
    expect(kept(value, { mode: 'full', sensitive })).toEqual({
      customer: { iban: expect.stringMatching(/^\[redacted:sensitive:/), name: 'Acme' },
      rows: [
        { salary: expect.stringMatching(/^\[redacted:sensitive:/) },
        { salary: expect.stringMatching(/^\[redacted:sensitive:/), id: 3 },
      ],
      'a/b': expect.stringMatching(/^\[redacted:sensitive:/),
    })
  })

  it('hides secrets that are assigned in text or in a URL', () => {
    expect(kept('curl -d "password=hunter22&x=1"')).toMatch(/password=\[redacted:assigned:\w{8}\]&x=1/)
    expect(kept('https://bob:s3cretpw@host/path?access_token=abcdef12')).toMatch(
      /^https:\/\/bob:\[redacted:url_password:\w{8}\]@host\/path\?access_token=\[redacted:assigned:\w{8}\]$/,
    )
  })

  it('hides a quoted value to its end, also inside JSON that is inside a text', () => {
    const shown = (text: string) => JSON.stringify(kept(text))
    expect(shown('He wrote {"password": "correct horse battery", "a": 1}')).not.toMatch(/correct|horse|battery/)
    expect(shown("secret='correct horse'")).not.toMatch(/correct|horse/)
    expect(shown(`x ${JSON.stringify(JSON.stringify({ token: 'correct horse', b: 2 }))}`)).not.toMatch(/correct|horse/)
    expect(kept('He wrote {"password": "correct horse", "city": "Bern"}')).toContain('"city": "Bern"')
  })

  it('reads a long text that is JSON as JSON', () => {
    const text = JSON.stringify({
      rows: Array.from({ length: 500 }, (_, n) => `row number ${n} of many`),
      otp: '491823',
    })
    const result = redact(text, policy({ maxField: 1_000 }))
    expect(JSON.stringify(result.value)).not.toContain('491823')
    expect(result).toMatchObject({ redactions: 1, cut: 1 })
  })

  it('keeps what is encoded and holds no secret as it was written', () => {
    const texts = [
      'https://x.test/a%20b?q=caf%C3%A9%20au%20lait',
      Buffer.from('just a sentence that somebody encoded').toString('base64'),
      '0190a000-0000-7000-8000-0000000000c1',
      'GitHub_CreateIssue and 9f86d081884c7d659a2feaa0c55ad015',
      '100% sure %zz %',
    ]
    expect(kept(texts)).toEqual(texts)
  })

  describe('a planted secret', () => {
    const base64 = (text: string) => Buffer.from(text).toString('base64')
    const secret = fc.constantFrom(
      ...credentials.map(([, one]) => ({ value: one as Json, parts: [one] })),
      { value: { password: 'correct horse battery' }, parts: ['correct horse', 'battery'] },
      { value: { user: { otp: '83172645' } } as Json, parts: ['83172645'] },
    )
    const asText = (value: Json) => (typeof value === 'string' ? value : JSON.stringify(value))
    /** In JSON as deep as one likes; in prose, a form, a list; as text inside JSON. */
    const plain: ((value: Json) => Json)[] = [
      (value) => JSON.stringify({ deep: [value], a: 1 }),
      (value) => JSON.stringify(JSON.stringify({ value })),
      (value) => [1, { inner: value }],
      (value) => `Before: ${asText(value)} and after`,
    ]
    const encoded: ((value: Json) => Json)[] = [
      (value) => encodeURIComponent(asText(value)),
      (value) => `https://x.test/cb?state=${encodeURIComponent(asText(value))}&x=1`,
      (value) => base64(asText(value)),
      (value) => `https://x.test/open/${Buffer.from(asText(value)).toString('base64url')}`,
      (value) => `data ${base64(asText(value)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}.`,
    ]
    const some = (wraps: typeof plain, maxLength: number) => fc.array(fc.constantFrom(...wraps), { maxLength })

    /** Everything that can be read out of a text by decoding what is in it. */
    function* readings(text: string, depth = 0): Generator<string> {
      yield text
      if (depth > 4) return
      const next = new Set<string>([text.replaceAll('\\', '')])
      next.add(text.replace(/(?:%[0-9a-fA-F]{2})+/g, (part) => decodeURIComponent(part)))
      for (const [run] of text.matchAll(/[A-Za-z0-9+/_-]{16,}={0,2}/g))
        next.add(Buffer.from(run, 'base64url').toString())
      for (const one of next) if (one !== text) yield* readings(one, depth + 1)
    }

    it('does not survive, however it is nested and twice encoded', () => {
      const wraps = fc.tuple(some(plain, 1), some(encoded, 1), some(plain, 1), some(encoded, 1), some(plain, 1))
      fc.assert(
        fc.property(secret, wraps, ({ value, parts }, steps) => {
          const planted = steps.flat().reduce((inner, wrap) => wrap(inner), value)
          const result = redact(planted, policy({ mode: 'full' }))
          const all = [...readings(JSON.stringify(result.value))].join('\n')
          for (const part of parts) expect(all.includes(part.replaceAll('\n', ''))).toBe(false)
          expect(result.redactions).toBeGreaterThan(0)
        }),
        { numRuns: 300, seed: 20261122 },
      )
    })
  })

  it('hides card numbers and keeps other long numbers', () => {
    expect(kept('card 4111 1111 1111 1111 ok')).toMatch(/^card \[redacted:card:\w{8}\] ok$/)
    expect(kept('It is 4111111111111111.')).toMatch(/^It is \[redacted:card:\w{8}\]\.$/)
    expect(kept('order 4111111111111112')).toBe('order 4111111111111112')
    expect(kept('id 080ef48d-c912-4932-a532-154426444529')).toBe('id 080ef48d-c912-4932-a532-154426444529')
    expect(kept('v1.4111111111111111 a4111111111111111')).toBe('v1.4111111111111111 a4111111111111111')
    expect(kept('card 4111 1111 1111 1111', { mode: 'full' })).toBe('card 4111 1111 1111 1111')
  })

  it('keeps nothing in the modes metadata and none, and measures', () => {
    const value = { a: 'word' }
    for (const mode of ['metadata', 'none'] as const)
      expect(redact(value, policy({ mode }))).toEqual({ redactions: 0, cut: 0 })
    expect(measure(value, key)).toEqual({ digest: expect.stringMatching(/^[0-9a-f]{64}$/), length: 12 })
  })

  it('gives equal values equal digests, in one project only', () => {
    const other = redactionKey({ stateKey: new Uint8Array(32).fill(7) }, 'q')
    const digest = (value: Json, digestKey = key) => measure(value, digestKey).digest
    expect(digest({ a: 1 })).toBe(digest({ a: 1 }))
    expect(digest({ a: 1 })).not.toBe(digest({ a: 2 }))
    expect(digest({ a: 1 })).not.toBe(digest({ a: 1 }, other))
    expect(kept({ password: 'same' })).toEqual({
      password: (kept({ x: { password: 'same' } }) as { x: JsonObject }).x['password'],
    })
  })

  it('caps what is large and says what it cut', () => {
    const long = redact({ text: 'a'.repeat(100_000) }, policy({ maxField: 1000 }))
    expect(long.cut).toBe(1)
    expect((long.value as { text: string }).text).toMatch(/^a{1000}\[cut:100000:[0-9a-f]{64}\]$/)
    const many = redact(
      Array.from({ length: 5000 }, (_, i) => i),
      policy(),
    )
    expect((many.value as Json[]).at(-1)).toBe('[cut:3000 items]')
    const wide = redact(
      Array.from({ length: 100 }, () => 'b'.repeat(5000)),
      policy(),
    )
    expect(JSON.stringify(wide.value).length).toBeLessThan(80_000)
    expect(wide.cut).toBeGreaterThan(0)
    const deep = JSON.parse(`${'['.repeat(1000)}${']'.repeat(1000)}`) as Json
    expect(redact(deep, policy()).cut).toBe(1)
  })

  it('cuts no secret in two so that its head shows', () => {
    const secret = `ghp_${'a1B2'.repeat(9)}`
    const text = `${'x'.repeat(990)} ${secret}`
    expect(JSON.stringify(kept(text, { maxField: 1000 }))).not.toContain('ghp_')
  })

  it('neutralises control, bidi and invisible characters', () => {
    expect(kept('a\u001b[2Jb\u0000\u202ec\u200b\u{e0041}d\r\ne')).toBe('a␛[2Jb␀<U+202E>c<U+200B><U+E0041>d␍\ne')
    expect(kept('\ud800x')).toBe('\ufffdx')
    expect(kept('שלום \u200f עולם')).toBe('שלום \u200f עולם')
  })

  it('keeps a member named __proto__ as what it is', () => {
    const value = JSON.parse('{"__proto__":{"token":"x"},"a":1}') as Json
    const result = kept(value) as JsonObject
    expect(Object.keys(result)).toEqual(['__proto__', 'a'])
    expect(({} as Record<string, unknown>)['token']).toBeUndefined()
  })

  it('takes any JSON without failing and never changes the original', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const before = JSON.stringify(value)
        const result = redact(value as Json, policy())
        expect(JSON.stringify(value)).toBe(before)
        expect(() => JSON.stringify(result.value)).not.toThrow()
      }),
    )
  })

  it('is linear in hostile text', () => {
    const hostile = [
      'eyJ'.repeat(5000),
      'password='.repeat(1800),
      '1 '.repeat(8000),
      'bearer '.repeat(2300),
      '://a:'.repeat(3200),
      `-----BEGIN PRIVATE KEY-----${'A'.repeat(16_000)}`,
      '-----BEGIN '.repeat(1400),
      'token:'.repeat(2700),
      `AIza${'-'.repeat(16_000)}`,
      'password="'.repeat(1600),
      `token:\\"`.repeat(2000),
      `secret="${'a'.repeat(16_000)}`,
      '%41'.repeat(5400),
      `${'%25'.repeat(2700)}41`,
      Buffer.from('password '.repeat(1300)).toString('base64'),
      'QUFB'.repeat(4000),
      '{"a":'.repeat(3000),
    ]
    for (const text of hostile) {
      const slow = quickest(150, () => void redact(text, policy())) > 150
      expect({ text: text.slice(0, 20), slow }).toMatchObject({ slow: false })
    }
  })
})

describe('redactEvent', () => {
  const event = (payload: JsonObject) => ({
    id: 'e',
    type: 'tool.outcome' as const,
    at: 1,
    project: 'p',
    attributes: { keep: 1 },
    payload,
  })

  it('keeps arguments redacted and of a result the digest, unless the policy says otherwise', () => {
    const payload = { arguments: { title: 'Hi', token: 'x' }, result: { content: [{ type: 'text', text: 'body' }] } }
    const safe = redactEvent(event(payload), {}, key)
    expect(safe.payload).toEqual({ arguments: { title: 'Hi', token: expect.stringContaining('[redacted:name:') } })
    expect(safe.attributes).toMatchObject({
      keep: 1,
      'behalf.arguments.length': 26,
      'behalf.result.digest': expect.stringMatching(/^[0-9a-f]{64}$/),
      'behalf.redactions': 1,
    })
    expect(redactEvent(event(payload), { result: 'full' }, key).payload?.['result']).toEqual(payload.result)
    expect(redactEvent(event(payload), { arguments: 'none', result: 'none' }, key)).toEqual({
      ...event({}),
      payload: undefined,
      attributes: { keep: 1 },
    })
  })

  it('hides a sensitive value in the prose as well as in the structure', () => {
    const payload = {
      result: {
        structuredContent: { account: { iban: 'DE0012345678' } },
        content: [{ type: 'text', text: 'The IBAN is DE0012345678.' }],
      },
    }
    const result = redactEvent(event(payload), { result: 'full', sensitive: ['/account/iban'] }, key)
    expect(JSON.stringify(result.payload)).not.toContain('DE0012345678')
  })

  it('hides a secret in what the agent itself names, in every mode', () => {
    const secret = `ghp_${'a1B2'.repeat(9)}`
    const named = (attributes: JsonObject, tool: string) =>
      JSON.stringify(redactEvent({ ...event({}), tool, attributes }, { arguments: 'full', result: 'full' }, key))
    const defined = { 'behalf.tool.definition.sha256': 'h', 'mcp.method.name': 'tools/call' }
    expect(named({ 'gen_ai.tool.name': secret }, secret)).not.toContain(secret)
    const uri = `db://reader:${secret}@host/t`
    const read = { ...defined, 'mcp.method.name': 'resources/read', 'gen_ai.tool.name': uri }
    expect(named(read, uri)).not.toContain(secret)
    expect(named({ ...defined, 'behalf.task': `token=${secret}` }, 'A')).not.toContain(secret)
    expect(named({ ...defined, 'gen_ai.tool.name': 'A_Tool' }, 'A_Tool')).toContain('A_Tool')
  })

  it('redacts whatever else a payload holds', () => {
    const result = redactEvent(event({ evidence: { Authorization: 'Basic abc' } }), { arguments: 'full' }, key)
    expect(JSON.stringify(result.payload)).not.toContain('Basic abc')
  })
})
