import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { PeopledWorld } from '../people.ts'
import type { Served } from '../serve-fetch.ts'
import { serveFetch } from '../serve-fetch.ts'
import type { Scene } from './journeys.ts'
import { journeyOf } from './journeys.ts'

/** Takes a scenario by POST, goes its journey through the world, and answers 200, or 500 with where it ended. */
export async function startDriver(world: PeopledWorld): Promise<Served> {
  await knowAda(world)
  return serveFetch(async (request) => {
    const given = (await request.json()) as Omit<Scene, 'id'>
    const id = `${given.scenario}-${given.revision}`
      .replaceAll(/[^a-z0-9]+/g, '-')
      .slice(-40)
      .replace(/^[^a-z]+/, '')
    try {
      await journeyOf(given.scenario)({ ...given, id }, world)
      return new Response('done')
    } catch (error) {
      return new Response(String(error), { status: 500 })
    }
  })
}

/** She is a user of the project from her first call on. */
async function knowAda(world: PeopledWorld): Promise<void> {
  await world.addGateway('nothing', { tools: [] })
  const client = new Client({ name: 'conformance', version: '1' }, { versionNegotiation: { mode: 'auto' } })
  const requestInit = { headers: world.as('ada') }
  await client.connect(new StreamableHTTPClientTransport(new URL(world.mcp('nothing')), { requestInit }))
  await client.close()
}
