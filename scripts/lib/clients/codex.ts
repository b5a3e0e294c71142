import { linesFor } from '../client-lines.ts'
import { expectBothCalls } from './calls.ts'
import type { ClientCheck } from './check.ts'
import { expectOutput, wordsOf } from './check.ts'

export const codex: ClientCheck = {
  name: 'codex',
  package: '@openai/codex',
  version: '0.169.0',
  program: 'codex',
  notCovered: 'its own client id, a document at chatgpt.com, which the Worker would have to fetch from the internet',
  async run({ sandbox, program, gateway: { name, url }, open, model, see }) {
    const codexRun = (...args: string[]) => sandbox.run(program, args, { open })
    expectOutput(
      (await codexRun(...wordsOf(linesFor(name, url).codex.line))).output,
      /Successfully logged in/,
      'mcp add',
    )
    see('added by its line, which signed in')
    await codexRun('mcp', 'logout', name)
    const login = await codexRun('mcp', 'login', name, '--oauth-client-registration', 'dcr')
    expectOutput(login.output, /Successfully logged in/, 'mcp login')
    expectOutput((await codexRun('mcp', 'list')).output, /clients .*OAuth/, 'mcp list')
    see('signed in again by mcp login')

    const provider = { name: 'stand-in', base_url: `${model.url}/v1`, env_key: 'STAND_IN_KEY', wire_api: 'responses' }
    const settings = [
      'model="stand-in"',
      'model_provider="stand_in"',
      ...Object.entries(provider).map(([key, value]) => `model_providers.stand_in.${key}="${value}"`),
      `mcp_servers.${name}.default_tools_approval_mode="approve"`,
    ]
    const args = ['exec', '--skip-git-repo-check', ...settings.flatMap((one) => ['-c', one]), 'Use the tools.']
    expectBothCalls((await sandbox.run(program, args, { env: { STAND_IN_KEY: 'x' } })).output, see)
  },
}
