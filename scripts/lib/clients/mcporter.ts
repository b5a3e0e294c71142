import { linesFor } from '../client-lines.ts'
import { allowed, expectBothCalls, refused } from './calls.ts'
import type { ClientCheck } from './check.ts'
import { expectOutput } from './check.ts'

/** It reads the configuration that Cursor has, so what is printed for Cursor is tried here. */
export const mcporter: ClientCheck = {
  name: 'mcporter',
  package: 'mcporter',
  version: '0.12.3',
  program: 'mcporter',
  notCovered: 'Cursor and VS Code themselves, which are not on npm',
  async run({ sandbox, program, gateway: { name, url }, open, see }) {
    const { line } = linesFor(name, url).cursor
    sandbox.put('.cursor/mcp.json', line.slice(line.indexOf('{')))
    const run = (...args: string[]) => sandbox.run(program, args, { open })
    expectOutput((await run('list')).output, /clients \(auth required/, 'list')
    see("found by Cursor's line, asks for the sign-in")
    await run('auth', name)
    expectOutput((await run('list', name)).output, /\b3 tools\b/, 'list after auth')
    see('signed in, 3 tools')
    const call = async ({ tool, arguments: { message } }: typeof allowed | typeof refused): Promise<string> =>
      (await run('call', `${name}.${tool}`, `message=${message}`)).output
    expectBothCalls(`${await call(allowed)}\n${await call(refused)}`, see)
  },
}
