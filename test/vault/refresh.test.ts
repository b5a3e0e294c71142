import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/vault/connection.ts'
import { afterFailure, plan } from '../../src/vault/refresh.ts'

const now = 1_800_000_000_000
const hour = 3_600_000

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
  generation: 3,
  access: 'sealed',
  accessExpiresAt: now + hour,
  accessLifetimeMs: hour,
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
  lastUsedAt: null,
  ...more,
})

describe('when to refresh', () => {
  it.each<[string, Partial<Connection>, string]>([
    ['a fresh token is used', {}, 'use'],
    ['a token that does not expire is used', { accessExpiresAt: null, accessLifetimeMs: null }, 'use'],
    ['6 minutes before the end of an hour it is refreshed', { accessExpiresAt: now + 360_000 }, 'refresh'],
    ['6 minutes and a bit before it is not', { accessExpiresAt: now + 360_001 }, 'use'],
    [
      '2 minutes before the end of 10 minutes it is',
      { accessLifetimeMs: 600_000, accessExpiresAt: now + 120_000 },
      'refresh',
    ],
    [
      'a token of one minute is used for half of it',
      { accessLifetimeMs: 60_000, accessExpiresAt: now + 31_000 },
      'use',
    ],
    ['an expired token is refreshed', { accessExpiresAt: now - 1 }, 'refresh'],
    [
      'an expired token without a refresh token asks the person',
      { accessExpiresAt: now - 1, refresh: null },
      'sign_in',
    ],
    ['an expired refresh token asks the person', { accessExpiresAt: now - 1, refreshExpiresAt: now - 1 }, 'sign_in'],
    [
      'a stale token without a refresh token is used to its end',
      { accessExpiresAt: now + 1_000, refresh: null },
      'use',
    ],
    ['during a pause a stale token is used', { accessExpiresAt: now + 1_000, retryAt: now + 1 }, 'use'],
    ['during a pause an expired token is not', { accessExpiresAt: now - 1, retryAt: now + 1 }, 'back_off'],
    ['after the pause it is refreshed', { accessExpiresAt: now - 1, retryAt: now }, 'refresh'],
    [
      'an attempt of an instance that is gone is waited for',
      { accessExpiresAt: now - 1, attemptAt: now - 14_999, attemptTries: 1 },
      'wait',
    ],
    ['and repeated once', { accessExpiresAt: now - 1, attemptAt: now - 15_000, attemptTries: 1 }, 'refresh'],
    ['and not twice', { accessExpiresAt: now - 1, attemptAt: now - 15_000, attemptTries: 2 }, 'sign_in'],
  ])('%s', (_, more, wanted) => {
    expect(plan(connection(more), now).do).toBe(wanted)
  })

  it('answers a 401 with a refresh only for the current generation, and not for a token of this minute', () => {
    const old = { tokenAt: now - 60_000 }
    expect(plan(connection(old), now, 3).do).toBe('refresh')
    expect(plan(connection(old), now, 2).do).toBe('use')
    expect(plan(connection({ tokenAt: now - 59_999 }), now, 3).do).toBe('use')
    expect(plan(connection({ ...old, refresh: null }), now, 3).do).toBe('probe')
  })
})

describe('a failed refresh', () => {
  const later = { kind: 'later', reason: 'status_503', retryAfterMs: null, reached: true } as const

  it('pauses 30 s, doubling to 15 min, and longer when the provider says so, up to an hour', () => {
    const pauses = [0, 1, 2, 3, 4, 5, 6, 50].map(
      (failures) => (afterFailure(connection({ failures }), later, now).retryAt ?? 0) - now,
    )
    expect(pauses).toEqual([30_000, 60_000, 120_000, 240_000, 480_000, 900_000, 900_000, 900_000])
    const told = (ms: number) => (afterFailure(connection(), { ...later, retryAfterMs: ms }, now).retryAt ?? 0) - now
    expect([told(1_000), told(600_000), told(86_400_000)]).toEqual([30_000, 600_000, 3_600_000])
  })

  it('is repeated within the leeway of the provider when it may have acted, once, and not against its own word', () => {
    const at = { attemptAt: now - 10_000 }
    const pause = (more: Partial<Connection>, answer: object, leewayMs: number) =>
      (afterFailure(connection({ ...at, ...more }), { ...later, ...answer }, now, leewayMs).retryAt ?? 0) - now
    expect(pause({}, {}, 30_000)).toBe(10_000)
    expect(pause({}, {}, 600_000)).toBe(30_000)
    for (const [more, answer, leewayMs] of [
      [{}, {}, 10_000],
      [{}, {}, 0],
      [{}, { reached: false }, 30_000],
      [{ uncertain: true }, {}, 30_000],
    ] as const) {
      expect(pause(more, answer, leewayMs)).toBe(30_000)
    }
    expect(pause({}, { retryAfterMs: 25_000 }, 30_000)).toBe(25_000)
  })

  it('keeps the refresh token unless the provider says that the grant is dead', () => {
    expect(afterFailure(connection(), later, now)).toMatchObject({
      status: 'active',
      refresh: 'sealed',
      uncertain: true,
    })
    expect(afterFailure(connection(), { kind: 'dead', error: 'invalid_grant' }, now)).toMatchObject({
      status: 'needs_sign_in',
      reason: 'refresh_refused',
      refresh: null,
    })
  })

  it('calls it lost, not withdrawn, when an answer had gone missing before', () => {
    const dead = { kind: 'dead', error: 'invalid_grant' } as const
    expect(afterFailure(connection({ uncertain: true }), dead, now).reason).toBe('refresh_lost')
    expect(afterFailure(connection({ attemptTries: 2 }), dead, now).reason).toBe('refresh_lost')
  })

  it("does not make people sign in again for our own configuration's fault", () => {
    const wrong = { kind: 'rejected', error: 'invalid_client' } as const
    expect(afterFailure(connection({ failures: 99 }), wrong, now)).toMatchObject({
      status: 'active',
      refresh: 'sealed',
    })
    const unknown = { kind: 'rejected', error: 'some_code_of_theirs' } as const
    expect(afterFailure(connection({ failures: 3 }), unknown, now).status).toBe('active')
    expect(afterFailure(connection({ failures: 4 }), unknown, now).status).toBe('needs_sign_in')
  })
})
