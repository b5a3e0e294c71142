import { describe, expect, it } from 'vitest'
import { refuse, ok } from '../../src/core/result.ts'
import { Breakers, createUpstreams } from '../../src/upstream/upstream.ts'

const dead = refuse('egress/unreachable')
const url = 'https://dead.example/mcp'

function failing(times: number, now = 0): Breakers {
  const breakers = new Breakers()
  for (let i = 0; i < times; i++) breakers.learn(url, dead, now)
  return breakers
}

describe('the circuit breaker', () => {
  it('opens after five silent failures in a row and names the wait', () => {
    expect(failing(4).admit(url, 0)).toEqual(ok(null))
    expect(failing(5).admit(url, 0)).toMatchObject({
      ok: false,
      error: { code: 'upstream/unavailable', retryAfterMs: 5000 },
    })
    expect(failing(5).admit('https://other.example/mcp', 0)).toEqual(ok(null))
  })

  it('lets one probe through when the wait is over, and closes when it is answered', () => {
    const breakers = failing(5)
    expect(breakers.admit(url, 5000)).toEqual(ok(null))
    expect(breakers.admit(url, 5000)).toMatchObject({ ok: false })
    breakers.learn(url, ok('hello'), 5001)
    expect(breakers.admit(url, 5001)).toEqual(ok(null))
    expect(breakers.admit(url, 5001)).toEqual(ok(null))
  })

  it('waits twice as long after a failed probe, at most five minutes', () => {
    const breakers = failing(5)
    breakers.admit(url, 5000)
    breakers.learn(url, dead, 5000)
    expect(breakers.admit(url, 14_999)).toMatchObject({ ok: false })
    expect(breakers.admit(url, 15_000)).toEqual(ok(null))
    expect(failing(30).admit(url, 299_999)).toMatchObject({ ok: false, error: { retryAfterMs: 1 } })
    expect(failing(30).admit(url, 300_000)).toEqual(ok(null))
  })

  it('counts an error that the server answered with as a sign of life', () => {
    const breakers = failing(4)
    breakers.learn(url, refuse('upstream/failed'), 0)
    breakers.learn(url, dead, 0)
    expect(breakers.admit(url, 0)).toEqual(ok(null))
  })

  it('learns nothing from an answer that came too late for its call', () => {
    const late = refuse('upstream/unavailable', { evidence: { fault: 'call_gone' } })
    const breakers = failing(4)
    breakers.learn(url, late, 0)
    expect(breakers.admit(url, 0)).toEqual(ok(null))
    breakers.learn(url, dead, 0)
    breakers.learn(url, late, 0)
    expect(breakers.admit(url, 0)).toMatchObject({ ok: false })
  })

  it('is not opened by a limit that the server set for one person (HTTP 429)', () => {
    const breakers = new Breakers()
    const limited = refuse('upstream/unavailable', { evidence: { status: 429 }, retryAfterMs: 60_000 })
    for (let i = 0; i < 50; i++) breakers.learn(url, limited, 0)
    expect(breakers.admit(url, 0)).toEqual(ok(null))
    for (let i = 0; i < 5; i++) breakers.learn(url, refuse('upstream/unavailable', { evidence: { status: 503 } }), 0)
    expect(breakers.admit(url, 0)).toMatchObject({ ok: false })
  })

  it('of one project is not opened by another that has the same server', async () => {
    const breakers = new Breakers()
    let asked = 0
    const egress = { fetch: async () => (asked++, dead) }
    const of = (project: string) => createUpstreams({ egress, breakers, project, now: () => 0 })
    const target = { id: 'crm', url, discovered: null }
    const list = (project: string) => of(project).list(target, 'tools', { key: 'none', headers: {} })
    for (let i = 0; i < 6; i++) await list('theirs')
    const before = asked
    expect(await list('theirs')).toMatchObject({ ok: false, error: { evidence: { fault: 'circuit_open' } } })
    expect(asked).toBe(before)
    expect(await list('ours')).toMatchObject({ ok: false, error: { code: 'egress/unreachable' } })
    expect(asked).toBeGreaterThan(before)
  })

  it('gives the probe back when the caller cancelled it', () => {
    const breakers = failing(5)
    breakers.admit(url, 5000)
    breakers.learn(url, refuse('runtime/cancelled'), 5000)
    expect(breakers.admit(url, 5000)).toEqual(ok(null))
  })
})
