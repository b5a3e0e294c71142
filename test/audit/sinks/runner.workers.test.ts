import { env, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { LedgerStorage } from '../../../src/audit/ledger-storage.ts'
import { SinkRunner } from '../../../src/audit/sinks/runner.ts'
import type { SinkConfig } from '../../../src/audit/sinks/runner.ts'
import { sinkSettings } from '../../../src/audit/sinks/settings.ts'
import { SinkFault } from '../../../src/audit/sinks/sink.ts'
import { webhookReceiver } from '../../support/receivers/webhook.ts'
import { at, toolEvent, toolsFor } from '../support/sink-records.ts'

const secret = 'runner secret'
const records = Array.from({ length: 450 }, (_, n) => toolEvent(n))
const sink = (id: string): SinkConfig => ({
  id,
  enabled: true,
  sealedSecret: null,
  settings: sinkSettings.parse({ kind: 'webhook', url: `https://${id}.test`, start: 'beginning' }),
})

type Opens = (id: string) => ReturnType<typeof toolsFor>

/** The sinks of one ledger that holds `records`. */
function inLedger(name: string, ids: string[], opens: Opens, work: (it: Running) => Promise<void>): Promise<void> {
  return runInDurableObject(env.LEDGER.getByName(`runner-${name}`), async (_, { storage }) => {
    const { sinks: states } = new LedgerStorage(storage)
    const runner = new SinkRunner({
      states,
      load: async () => ids.map(sink),
      open: async ({ id, settings }) => ({ tools: opens(id), settings }),
      now: () => at,
      size: () => records.length,
      lastHead: () => 0,
      read: async (from, limit) => records.slice(from, from + limit),
      heads: () => [],
      wake: () => {},
    })
    await work({ runner, states })
  })
}
type Running = { runner: SinkRunner; states: LedgerStorage['sinks'] }

describe('two sinks', () => {
  it.each<[string, () => Promise<Response>]>([
    ['hangs', () => new Promise(() => {})],
    ['is down', async () => new Response('down', { status: 503 })],
    ['answers nonsense', async () => new Response('<html>', { status: 418 })],
  ])('do not wait for each other when one %s', (name, handle) => {
    const receiver = webhookReceiver(secret, () => at)
    const opens: Opens = (id) => toolsFor(id === 'dead' ? { handle } : receiver, secret, { now: () => at })
    return inLedger(name, ['dead', 'alive'], opens, async ({ runner, states }) => {
      await runner.run()
      await expect.poll(() => states.read('alive')?.cursor).toBe(records.length)
      expect(receiver.ids()).toEqual(records.map(({ event }) => event.id))
      expect(states.read('dead')).toMatchObject({ cursor: 0, delivered: 0, dead: 0 })
    })
  })

  it('do not wait for each other when the secret of one does not open, and that one says so', () => {
    const receiver = webhookReceiver(secret, () => at)
    const opens: Opens = (id) => {
      if (id === 'sealed') throw new SinkFault('its secret does not open: set it again')
      return toolsFor(receiver, secret, { now: () => at })
    }
    return inLedger('sealed', ['sealed', 'alive'], opens, async ({ runner, states }) => {
      await runner.settle()
      expect(states.read('alive')?.cursor).toBe(records.length)
      expect(states.read('sealed')).toMatchObject({ cursor: 0, failures: 1, error: expect.stringContaining('secret') })
      const test = await runner.test('sealed', toolEvent(1))
      expect(test).toEqual({ kind: 'later', reason: 'its secret does not open: set it again' })
    })
  })
})
