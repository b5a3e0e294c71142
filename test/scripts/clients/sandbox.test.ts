import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { linesFor } from '../../../scripts/lib/client-lines.ts'
import { wordsOf } from '../../../scripts/lib/clients/check.ts'
import { createSandbox, networkSettings } from '../../../scripts/lib/clients/sandbox.ts'
import { inTerminal } from '../../../scripts/lib/clients/terminal.ts'

const folder = mkdtempSync(join(tmpdir(), 'behalf-sandbox-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('hands on how the registry is reached, and nothing else of the environment', () => {
  const env = { HTTPS_PROXY: 'http://proxy', npm_config_registry: 'https://r.test', npm_token: 'a', GITHUB_TOKEN: 'b' }
  expect(networkSettings(env)).toEqual({ HTTPS_PROXY: 'http://proxy', npm_config_registry: 'https://r.test' })
})

it('hands the links that a program opens to somebody, and keeps what it wrote', async () => {
  const sandbox = createSandbox(join(folder, 'links'))
  const opened: string[] = []
  const open = async (url: string) => opened.push(url)
  const line = 'echo "$HOME"; xdg-open "http://a.test/?x=1&y=2"; while [ ! -f done ]; do sleep 0.05; done'
  const running = sandbox.run('sh', ['-c', line], { open })
  await expect.poll(() => opened, { timeout: 10_000 }).toEqual(['http://a.test/?x=1&y=2'])
  execFileSync('touch', [join(sandbox.work, 'done')])
  expect(await running).toEqual({ code: 0, output: `${sandbox.home}\n` })
  expect(readFileSync(sandbox.log, 'utf8')).toContain(sandbox.home)
})

it('ends a program that takes too long, and says so', async () => {
  const sandbox = createSandbox(join(folder, 'late'))
  await expect(sandbox.run('sleep', ['60'], { timeoutMs: 200 })).rejects.toThrow('It was not done after 0.2 s.')
})

it('quotes every word for the shell of a terminal', () => {
  const { file, args } = inTerminal(['echo', `it's`, '$HOME'], '/tmp/pid', 'linux')
  expect([file, args[0], args[2]]).toEqual(['script', '-qefc', '/dev/null'])
  expect(args[1]).toContain(`exec 'echo' 'it'\\''s' '$HOME'`)
  expect(inTerminal(['true'], '/tmp/pid', 'darwin').args.slice(0, 4)).toEqual(['-q', '/dev/null', 'sh', '-c'])
})

it('takes the words that are printed for a person', () => {
  expect(wordsOf(linesFor('tools', 'https://a.test/tools/mcp').claude.line)).toEqual(
    'mcp add --transport http tools https://a.test/tools/mcp'.split(' '),
  )
})
