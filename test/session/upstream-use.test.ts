import { describe, expect, it } from 'vitest'
import type { Refusal } from '../../src/core/result.ts'
import { ok } from '../../src/core/result.ts'
import type { Tool } from '../../src/core/tool.ts'
import type { ToolCall } from '../../src/runtime/runtime.ts'
import type { Snapshot } from '../../src/gateways/gateways.ts'
import type { Lease } from '../../src/vault/vault.ts'
import type { HeldLeases } from '../../src/session/credentials.ts'
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
