import { linesFor } from '../client-lines.ts'
import { expectBothCalls } from './calls.ts'
import type { ClientCheck } from './check.ts'
import { expectOutput, wordsOf } from './check.ts'

export const claudeCode: ClientCheck = {
  name: 'claude-code',
  package: '@anthropic-ai/claude-code',
  version: '2.1.330',
  program: 'claude',
  notCovered: 'its own client id, a document at claude.ai, which the Worker would have to fetch from the internet',
  async run({ sandbox, program, gateway: { name, url }, clientId, open, model, see }) {
    const claude = (...args: string[]) => sandbox.run(program, args)
    await claude(...wordsOf(linesFor(name, url).claude.line))
    expectOutput((await claude('mcp', 'list')).output, /clients: .*Needs authentication/, 'mcp list')
    see('added by its line, asks for the sign-in')

    await claude('mcp', 'remove', name)
    await claude('mcp', 'add', '--transport', 'http', '--client-id', clientId, name, url)
    const login = await sandbox.run(program, ['mcp', 'login', name], { terminal: [], open })
    expectOutput(login.output, /Authenticated with "clients"/, 'mcp login')
    expectOutput((await claude('mcp', 'list')).output, /clients: .*Connected/, 'mcp list')
    see('signed in with a client id made by hand, connected')

    const env = {
      ANTHROPIC_BASE_URL: model.url,
      ANTHROPIC_API_KEY: 'stand-in',
      ENABLE_TOOL_SEARCH: 'false',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
    }
    const args = ['-p', 'Use the tools.', '--allowedTools', `mcp__${name}`]
    expectBothCalls((await sandbox.run(program, args, { env })).output, see)
  },
}
