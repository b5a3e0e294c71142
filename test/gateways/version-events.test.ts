import { expect, it } from 'vitest'
import type { GatewayId, ProjectId } from '../../src/core/ids.ts'
import { versionEvents } from '../../src/gateways/version-events.ts'

const of = { project: 'p' as ProjectId, gateway: 'g' as GatewayId, version: 3, closed: false }
const leftOut = [
  { path: 'tools[1]', message: 'send is offered twice; set a prefix or an alias', hidden: ['send'] },
  { path: 'tools[1].include', message: '"reed" matches no tool' },
]

it('records of a version which names it hides from everybody', () => {
  const events = versionEvents(of, { slug: 'mail', leftOut }, 1)
  expect(events.map(({ type }) => type)).toEqual(['gateway.published', 'gateway.names_hidden'])
  expect(events[1]).toMatchObject({
    gateway: 'mail',
    gatewayVersion: 3,
    attributes: { names: ['send'], hidden: 1 },
    payload: { leftOut: [leftOut[0]] },
  })
})

it('records no more than that it is in force where every name is one thing, or that none is', () => {
  const types = (closed: boolean, all: typeof leftOut) =>
    versionEvents({ ...of, closed }, { slug: 'mail', leftOut: all }, 1).map(({ type }) => type)
  expect(types(false, leftOut.slice(1))).toEqual(['gateway.published'])
  expect(types(true, leftOut)).toEqual(['gateway.disabled'])
})
