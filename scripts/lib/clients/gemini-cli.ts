import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { linesFor } from '../client-lines.ts'
import { expectBothCalls } from './calls.ts'
import type { ClientCheck } from './check.ts'
import { expectOutput, wordsOf } from './check.ts'

export const geminiCli: ClientCheck = {
  name: 'gemini-cli',
  package: '@google/gemini-cli',
  version: '0.61.0',
  program: 'gemini',
  async run({ sandbox, program, gateway: { name, url }, open, model, see }) {
    sandbox.put('.gemini/settings.json', '{"security":{"auth":{"selectedType":"gemini-api-key"}}}')
    const env = {
      // In a folder that is not trusted it connects to nothing.
      GEMINI_CLI_TRUST_WORKSPACE: 'true',
      GEMINI_API_KEY: 'stand-in',
      GOOGLE_GEMINI_BASE_URL: model.url,
    }
    const gemini = (...args: string[]) => sandbox.run(program, args, { env })
    await gemini(...wordsOf(linesFor(name, url).gemini.line))
    expectOutput((await gemini('mcp', 'list')).output, /clients: .*Disconnected/, 'mcp list')
    see('added by its line')

    const tokens = join(sandbox.home, '.gemini/mcp-oauth-tokens.json')
    const terminal = [
      { line: `/mcp auth ${name}`, when: (output: string) => output.includes('Tips for getting started') },
      { line: '/quit', when: () => existsSync(tokens) },
    ]
    await sandbox.run(program, [], { env, terminal, open })
    expectOutput((await gemini('mcp', 'list')).output, /clients: .*Connected/, 'mcp list')
    see('signed in by /mcp auth, connected')

    const args = ['-p', 'Use the tools.', '-m', 'gemini-2.5-flash', '--approval-mode', 'yolo']
    expectBothCalls((await gemini(...args)).output, see)
  },
}
