import type { Deployment } from './lib/deployment.ts'
import { fire, percentile, timeEach } from './lib/load.ts'
import type { Shot } from './lib/load.ts'
import { listShot, shotOf } from './lib/shots.ts'

export type FederationFigures = {
  /** The MCP server behind it, asked without Behalf. */
  directP50Ms: number
  /** The bare Worker in the same turns: how fast the machine was just then. */
  bareP50Ms: number
  callP50Ms: number
  /** While another server of the same gateway hangs with calls on it. */
  besideHangingP50Ms: number
  /** `tools/list` over ten servers with 1,000 tools, one of which hangs. */
  list1000P50Ms: number
}

export type Rounds = { warmUps: number; rounds: number; perRound: number }

/** Ten MCP servers with a hundred tools each behind one gateway; the tenth never answers. `bare`: one call of the bare Worker. */
export async function measureFederation(
  to: Deployment,
  service: string,
  bare: () => Promise<void>,
  { warmUps, rounds, perRound }: Rounds,
): Promise<FederationFigures> {
  const upstreams = Array.from({ length: 10 }, (_, n) => ({
    id: `server-${n}`,
    url: `${service}${n === 9 ? '/hang' : ''}/mcp`,
    tools: 100,
  }))
  const gateway = { name: 'federated', tools: 0, upstreams: upstreams.map(({ id }) => id) }
  await to.setUp({ upstreams, gateways: [gateway] })
  const tool = (server: number): Shot => {
    const name = `Server${server}_tool_1`
    return shotOf(to, 'federated', 'caller-0', 'tools/call', { name, arguments: { text: 'x' } }, name)
  }
  const call = (): Promise<void> => fire(tool(0), '"bench"')
  const direct = (): Promise<void> => fire(directCall(service), '"bench"')
  const list = (): Promise<void> => fire(listShot(to, 'federated'), '"Server9_tool_99"')
  const median = async (shot: () => Promise<void>): Promise<number> => percentile(await timeEach(perRound, shot), 0.5)

  await timeEach(warmUps, call)
  await timeEach(20, list)
  const times = { direct: [] as number[], bare: [] as number[], call: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    times.direct.push(...(await timeEach(perRound, direct)))
    times.bare.push(...(await timeEach(perRound, bare)))
    times.call.push(...(await timeEach(perRound, call)))
  }
  // Nobody waits for these; they end with the deployment.
  for (let n = 0; n < 4; n++) void fire(tool(9), '').catch(() => {})
  const besideHangingP50Ms = await median(call)
  const list1000P50Ms = await median(list)
  return {
    directP50Ms: percentile(times.direct, 0.5),
    bareP50Ms: percentile(times.bare, 0.5),
    callP50Ms: percentile(times.call, 0.5),
    besideHangingP50Ms,
    list1000P50Ms,
  }
}

const directCall = (service: string): Shot => ({
  url: new URL('/mcp', service),
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'tool_1', arguments: {} } }),
})
