import { allowed, expectBothCalls, refused } from './calls.ts'
import type { ClientCheck } from './check.ts'
import { expectOutput } from './check.ts'

const eras = ['legacy', 'auto', 'modern'] as const

export const inspector: ClientCheck = {
  name: 'inspector',
  package: '@modelcontextprotocol/inspector',
  version: '2.12.0',
  program: 'mcp-inspector',
  notCovered: 'its sign-in, which is for its pages; an app key is used here',
  async run({ sandbox, program, gateway: { url }, appKey, see }) {
    const headers = { authorization: `Bearer ${appKey}` }
    const server = (protocolEra: string) => ({ type: 'streamable-http', url, headers, protocolEra })
    const mcpServers = Object.fromEntries(eras.map((era) => [era, server(era)]))
    sandbox.put('inspector.json', JSON.stringify({ mcpServers }))
    for (const era of eras) {
      const run = async (...args: string[]): Promise<string> => {
        const all = [
          '--cli',
          '--config',
          `${sandbox.home}/inspector.json`,
          '--server',
          era,
          '--format',
          'json',
          ...args,
        ]
        return (await sandbox.run(program, all, { env: { MCP_INSPECTOR_SECRET_STORE: 'memory' } })).output
      }
      expectOutput(await run('--method', 'tools/list'), /"get-sum"/, `tools/list, ${era}`)
      see(`${era}: 3 tools`)
      const call = ({ tool, arguments: { message } }: typeof allowed | typeof refused) =>
        run('--method', 'tools/call', '--tool-name', tool, '--tool-arg', `message=${message}`)
      expectBothCalls(`${await call(allowed)}\n${await call(refused)}`, see)
    }
  },
}
