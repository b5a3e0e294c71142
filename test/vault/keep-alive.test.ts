import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/vault/connection.ts'
import { keepAliveAt } from '../../src/vault/keep-alive.ts'
import { makeProvider } from '../../src/vault/provider.ts'

const day = 86_400_000
const now = 1_800_000_000_000
const config = { publicUrl: 'https://behalf.test', development: false }

function provider(spec: string, settings: unknown = {}) {
  const made = makeProvider(config, { id: 'p', spec, settings, clientId: 'id', clientSecret: 's' })
  if (!made.ok) throw new Error(JSON.stringify(made.error))
  return made.value
}

const connection = (more: Partial<Connection> = {}): Connection => ({
  id: 'c1',
  kind: 'user',
  provider: 'p',
  account: 'a',
  label: 'a',
  scopes: [],
  status: 'active',
  reason: null,
  isDefault: true,
  generation: 1,
  access: 'sealed',
  accessExpiresAt: now + 3_600_000,
  accessLifetimeMs: 3_600_000,
  tokenAt: now,
  refresh: 'sealed',
  refreshExpiresAt: null,
  details: {},
  places: null,
  attemptAt: null,
  attemptTries: 0,
  uncertain: false,
  failures: 0,
  retryAt: null,
  accountUnchecked: false,
  connectedAt: now,
  updatedAt: now,
  lastUsedAt: now,
  ...more,
})
const dueIn = (more: Partial<Connection>, spec = 'zoom', settings: unknown = {}): number | null => {
  const at = keepAliveAt(connection(more), provider(spec, settings))
  return at === null ? null : (at - now) / day
}

describe('keeping a refresh token alive that dies unused', () => {
  it('comes well before its end, and ten thousand people do not come together', () => {
    const times = Array.from({ length: 10_000 }, (_, n) => dueIn({ id: `connection-${n}` }) ?? 0)
    expect(Math.min(...times)).toBeGreaterThanOrEqual(45)
    expect(Math.max(...times)).toBeLessThan(72)
    const perHour = new Map<number, number>()
    for (const time of times) perHour.set(Math.floor(time * 24), (perHour.get(Math.floor(time * 24)) ?? 0) + 1)
    expect(Math.max(...perHour.values())).toBeLessThan(50)
  })

  it.each<[string, Partial<Connection>, string, unknown]>([
    ['where the provider lets it live', {}, 'github', {}],
    ['when the administrator does not want it', {}, 'zoom', { keepAlive: false }],
    ['of a suspended connection', { status: 'suspended' }, 'zoom', {}],
    ['of one that needs a sign-in', { status: 'needs_sign_in', refresh: null }, 'zoom', {}],
    ['of one that is being revoked', { status: 'revoking' }, 'zoom', {}],
    ['of a service account', { kind: 'jwt_bearer' }, 'google', {}],
    ['after two lost answers', { attemptTries: 2, attemptAt: now }, 'zoom', {}],
    ['that nobody has used for longer than the administrator said', { lastUsedAt: now }, 'zoom', { keepAliveDays: 30 }],
  ])('is not done %s', (_, more, spec, settings) => {
    expect(dueIn(more, spec, settings)).toBeNull()
  })

  it('waits six hours after a failure, and gives up when the token is dead anyway', () => {
    const first = dueIn({}) ?? 0
    const failed = now + first * day
    expect(dueIn({ failures: 1, retryAt: failed })).toBeCloseTo(first + 0.25, 5)
    expect(dueIn({ failures: 9, retryAt: now + 90 * day })).toBeNull()
  })

  it('waits for an attempt that may be under way', () => {
    const at = now + 80 * day
    expect(dueIn({ attemptAt: at, attemptTries: 1, lastUsedAt: at })).toBeCloseTo(80, 2)
  })
})
