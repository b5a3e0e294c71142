import { dirname, join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { linesFor } from '../client-lines.ts'
import { allowed, expectBothCalls, refused } from './calls.ts'
import type { ClientCheck } from './check.ts'
import { expectOutput } from './check.ts'

export const mcpRemote: ClientCheck = {
  name: 'mcp-remote',
  package: 'mcp-remote',
  version: '0.15.1',
  program: 'mcp-remote',
  async run({ sandbox, program, gateway: { name, url }, open, see }) {
    const args = linesFor(name, url).remote.line.split(' ').slice(2)
    const first = await sandbox.run(join(dirname(program), 'mcp-remote-client'), args, { open, keepInput: true })
    expectOutput(first.output, /get-sum/, 'mcp-remote-client')
    see('signed in, 3 tools')

    const client = new Client({ name: 'stdio', version: '1' })
    const { env, work } = sandbox
    await client.connect(new StdioClientTransport({ command: program, args, env, cwd: work, stderr: 'ignore' }))
    try {
      const call = ({ tool, arguments: given }: typeof allowed | typeof refused): Promise<string> =>
        client.callTool({ name: tool, arguments: given }).then(JSON.stringify, String)
      expectBothCalls(`${await call(allowed)}\n${await call(refused)}`, see)
    } finally {
      await client.close()
    }
  },
}
