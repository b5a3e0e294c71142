import { expect, it } from 'vitest'
import { showLines } from '../../cli/upstream-show.ts'
import { shownPin } from '../support/shown-pin.ts'

const server = {
  id: 'crm',
  url: 'https://crm.example/mcp',
  enabled: true,
  settings: {
    credentials: { kind: 'headers', headers: { 'x-key': '{CRM_KEY}' } },
    admit: { additions: true, tools: false },
  },
  era: 'modern',
  serverName: 'crm\u001b[2K',
  health: { state: 'down', checkedAt: 60_000, since: 0, reason: 'egress/timeout' },
  behind: false,
}
const pin = (status: string) => shownPin({ status })

it('says how a server is doing, what waits, and who uses it', () => {
  expect(showLines(server, [pin('admitted'), pin('admitted'), pin('quarantined')], ['sales', 'team'])).toEqual([
    'crm is on, at https://crm.example/mcp.',
    '  speaks       2026-07-28, as crm␛[2K',
    '  health       down since 1970-01-01T00:00: it does not answer in time, asked 1970-01-01T00:01',
    '  credentials  x-key: {CRM_KEY}',
    '  by itself    new optional parameters',
    '  offers       2 admitted, 1 quarantined',
    '  gateways     sales, team',
    'See what waits: npm run behalf -- upstream pins crm',
  ])
})

it('says so where there is nothing', () => {
  const health = { state: 'unknown', checkedAt: 0, since: 0, reason: null }
  const lines = showLines({ ...server, settings: {}, era: null, serverName: null, health }, [], [])
  expect(lines.slice(1).map((line) => line.trim().replace(/ {2,}/, ': '))).toEqual([
    'speaks: not asked yet',
    'health: not asked yet',
    'credentials: none',
    'by itself: nothing is admitted',
    'offers: nothing',
    'gateways: none',
  ])
})

it('says of a tool Worker what it may use', () => {
  const worker = {
    ...server,
    url: 'worker:acme',
    settings: { allow: { providers: ['github'], secrets: ['ACME_KEY'] } },
  }
  expect(showLines(worker, [], []).join('\n')).toMatch(/may use +provider github, secret ACME_KEY/)
})
