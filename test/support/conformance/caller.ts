import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { ClientOptions } from '@modelcontextprotocol/client'
import type { PeopledWorld, Person } from '../people.ts'

export type Caller = { subject: string; id: string; browser: Person }

/** A user of the project from their first call on, here at a gateway `nothing`. */
export async function callerOf(world: PeopledWorld, subject: string): Promise<Caller> {
  const client = await connectAs(world, subject, 'nothing')
  await client.close()
  return { subject, id: await world.userId(subject), browser: world.person(subject) }
}

export async function connectAs(
  world: PeopledWorld,
  subject: string,
  gateway: string,
  capabilities: NonNullable<ClientOptions['capabilities']> = {},
): Promise<Client> {
  const options = { versionNegotiation: { mode: 'auto' }, capabilities } as const
  const client = new Client({ name: 'conformance', version: '1' }, options)
  const requestInit = { headers: world.as(subject) }
  await client.connect(new StreamableHTTPClientTransport(new URL(world.mcp(gateway)), { requestInit }))
  return client
}
