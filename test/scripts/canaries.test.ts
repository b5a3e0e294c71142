import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { secretAtRest } from '../support/at-rest.ts'
import { canary, secretIn } from '../support/canaries.ts'
import { CanaryReporter } from '../support/canary-reporter.ts'

/** What looks for secrets has to find them: otherwise that none is found says nothing. */
describe('a secret of the tests', () => {
  const github = `gho_${'a1'.repeat(18)}`
  it.each([
    canary('token'),
    github,
    `xoxp-${'a'.repeat(27)}`,
    `r_okta_${'-_'.repeat(13)}a`,
    `bh_adm_${'A'.repeat(43)}`,
  ])('is known by its looks: %s', (secret) => {
    const found = secretIn(`{"at":1,"authorization":"Bearer ${secret}","x":2}`)
    expect(found).not.toBeNull()
    expect(found).not.toContain(secret)
  })

  it.each(['the canary sang', 'gho_short', 'google_client_id', 'bh_adm_', 'okta_groups are read'])(
    'is not what only sounds like one: %s',
    (text) => expect(secretIn(text)).toBeNull(),
  )
})

describe('the end of a run', () => {
  afterEach(() => {
    process.exitCode = 0
    vi.restoreAllMocks()
  })

  it('has failed when one line of one test held a secret, and does not show it', () => {
    const shown = vi.spyOn(console, 'error').mockImplementation(() => {})
    const reporter = new CanaryReporter()
    const secret = canary('refresh')
    reporter.onUserConsoleLog({ content: `nothing\n{"token":"${secret}"}\n` })
    reporter.onTestRunEnd()
    expect(process.exitCode).toBe(1)
    expect(shown).toHaveBeenCalledOnce()
    expect(String(shown.mock.calls[0])).not.toContain(secret)
  })

  it('has not when there was none', () => {
    vi.spyOn(console, 'log').mockImplementation(() => {})
    const reporter = new CanaryReporter()
    reporter.onUserConsoleLog({ content: '{"event":"started"}\n' })
    reporter.onTestRunEnd()
    expect(process.exitCode ?? 0).toBe(0)
  })
})

it('finds a secret in a file, also one that does not look like any', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'behalf-at-rest-'))
  try {
    await writeFile(join(folder, 'kv.sqlite'), Buffer.from([0, 255, ...Buffer.from('plain and unremarkable'), 0]))
    expect(await secretAtRest(folder, new Set())).toBeNull()
    expect(await secretAtRest(folder, new Set(['unremarkable']))).toContain('kv.sqlite')
    await writeFile(join(folder, 'kv.sqlite'), `\0\0${canary('access')}\0`)
    expect(await secretAtRest(folder, new Set())).toContain('kv.sqlite')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
