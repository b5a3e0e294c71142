import { describe, expect, it } from 'vitest'
import type { Refusal } from '../../src/core/result.ts'
import { ok } from '../../src/core/result.ts'
import type { Tool } from '../../src/core/tool.ts'
import type { ToolCall } from '../../src/runtime/runtime.ts'
import type { Snapshot } from '../../src/gateways/gateways.ts'
import type { Lease } from '../../src/vault/vault.ts'
import type { HeldLeases } from '../../src/session/credentials.ts'
import { ExchangedTokens } from '../../src/session/exchanged-tokens.ts'
import { upstreamUse } from '../../src/session/upstream-use.ts'

const lease = {
  connection: 'c',
  provider: 'mcp-files',
  secret: 'token',
  scopes: ['files.read'],
  allowedOrigins: ['https://mcp.example'],
} as unknown as Lease
const tool = { source: { kind: 'upstream', upstream: 'files', remoteName: 'read' } } as unknown as Tool
const call = { id: 'call-1' } as unknown as ToolCall

/** What the person is asked for when the server answers a call with this. */
async function askedFor(settings: object, refused: Refusal): Promise<readonly string[] | undefined> {
  let asked: readonly string[] | undefined
  const leases = {
    renew: async (...[, , , more]: Parameters<HeldLeases['renew']>) => {
      asked = more
      return ok(lease)
    },
  } as unknown as HeldLeases
  const credentials = { kind: 'user', provider: 'mcp-files', scopes: ['files.read'], ...settings }
  const target = { id: 'files', url: 'https://mcp.example/mcp', discovered: null }
  const snapshot = { upstreams: [{ target, credentials, needs: { secrets: [] } }] } as unknown as Snapshot
  const never = {} as never
  const exchanged = { forget() {} } as never
  const parts = { upstreams: never, egress: never, exchanged, leases, snapshot, now: () => 0 }
  const use = await upstreamUse(parts, call, tool, lease, new Map())
  if (!use.ok) throw new Error(use.error.code)
  await use.value.renew?.(refused)
  return asked
}

const insufficient = (scope: string, status = 403): Refusal => ({
  code: 'upstream/authorization_needed',
  evidence: { status, challenge: { error: 'insufficient_scope', scope } },
})

describe('a server that wants more scopes for a call', () => {
  it('gets them asked for where it signs people in itself', async () => {
    expect(await askedFor({ stepUp: true }, insufficient('files.write files.read'))).toEqual([
      'files.write',
      'files.read',
    ])
  })

  it('cannot widen a grant at a provider that is not its own', async () => {
    expect(await askedFor({ stepUp: false }, insufficient('admin:org delete_repo'))).toEqual([])
  })

  it('gets a new token and nothing more where it refuses the token itself', async () => {
    expect(await askedFor({ stepUp: true }, insufficient('files.write', 401))).toEqual([])
  })

  it('is not asked for what is no scope, nor for hundreds', async () => {
    expect(await askedFor({ stepUp: true }, insufficient('ok "quoted" b\\c \u00e9 ' + 'x'.repeat(400)))).toEqual(['ok'])
    const many = Array.from({ length: 500 }, (_, n) => `s${n}`).join(' ')
    expect(await askedFor({ stepUp: true }, insufficient(many))).toHaveLength(50)
  })
})

describe('a token that is exchanged for the person’s own', () => {
  const subject = { ...lease, generation: 1, secret: 'own-token', exchangeOrigins: ['https://idp.example'] } as Lease
  const credentials = { kind: 'exchange', provider: 'idp', scopes: [], clientId: 'us', secret: null, wants: [] }
  const target = { id: 'files', url: 'https://mcp.example/mcp', discovered: null }

  /** `answers`: what the token endpoint says, one after the other, with HTTP 400 where it is an error. */
  function at(tokenUrl: string, ...answers: object[]) {
    const seen = { sent: [] as string[], renewed: 0, leased: 0 }
    const egress = {
      fetch: async ({ url, body }: { url: string; body: string }) => {
        seen.sent.push(`${url} ${new URLSearchParams(body).get('subject_token')}`)
        const text = JSON.stringify(answers.shift())
        return ok({ status: text.includes('error') ? 400 : 200, headers: new Headers(), text: async () => ok(text) })
      },
    } as never
    const leases = {
      lease: async () => (seen.leased++, ok(subject)),
      renew: async () => (seen.renewed++, ok({ ...subject, generation: 2, secret: 'newer-token' })),
    } as unknown as HeldLeases
    const snapshot = { upstreams: [{ target, credentials: { ...credentials, tokenUrl } }] } as unknown as Snapshot
    const exchanged = new ExchangedTokens(() => 0)
    const parts = { upstreams: {} as never, egress, exchanged, leases, snapshot, now: () => 0 }
    return { seen, use: () => upstreamUse(parts, call, tool, subject, new Map()) }
  }
  const token = (name: string) => ({ access_token: name, token_type: 'Bearer' })
  const url = 'https://idp.example/token'

  it('never leaves for an origin that is not the provider’s', async () => {
    for (const elsewhere of [
      'https://evil.example/token',
      'https://idp.example.evil/token',
      'http://idp.example/token',
    ]) {
      const { seen, use } = at(elsewhere, token('made'))
      expect(await use()).toMatchObject({ ok: false, error: { code: 'vault/not_allowed' } })
      expect(seen.sent).toEqual([])
    }
  })

  it('is made again of the same grant when the server refuses it, and uses nothing up', async () => {
    const { seen, use } = at(url, token('first'), token('second'))
    const used = await use()
    if (!used.ok) throw new Error(used.error.code)
    expect(used.value.credential.headers).toEqual({ authorization: 'Bearer first' })
    const renewed = await used.value.renew?.(insufficient('', 401))
    expect(renewed).toMatchObject({ value: { headers: { authorization: 'Bearer second' } } })
    expect(seen).toMatchObject({ renewed: 0, leased: 1 })
  })

  it('is made of a newer one, once, when the token endpoint refuses the person’s own', async () => {
    const { seen, use } = at(url, { error: 'invalid_grant' }, token('made'))
    expect(await use()).toMatchObject({ value: { credential: { headers: { authorization: 'Bearer made' } } } })
    expect([seen.renewed, seen.sent]).toEqual([1, [`${url} own-token`, `${url} newer-token`]])
    const never = at(url, { error: 'invalid_grant' }, { error: 'invalid_grant' })
    expect(await never.use()).toMatchObject({ ok: false, error: { code: 'upstream/authorization_needed' } })
    const ours = at(url, { error: 'invalid_client' })
    expect(await ours.use()).toMatchObject({ ok: false })
    expect([never.seen.renewed, ours.seen.renewed]).toEqual([1, 0])
  })
})
