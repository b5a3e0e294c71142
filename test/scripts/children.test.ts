import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'
import { isRunning } from './support/is-running.ts'

const module_ = join(import.meta.dirname, '../../scripts/lib/children.ts')

/** A command whose child starts a process that does not want to end and prints its id. */
const command = (then: string): string => `
import { createChildren } from '${module_}'
const children = createChildren()
const leaf = "process.on('SIGTERM', () => {}); console.log('pid ' + process.pid); setInterval(() => {}, 1000)"
const child = "require('node:child_process').spawn(process.execPath, ['-e', process.argv[1]], { stdio: 'inherit' }); setInterval(() => {}, 1000)"
children.start('leaf', process.execPath, ['-e', child, leaf])
process.stdin.once('data', () => { ${then} })
process.stdin.unref()
`

function run(source: string) {
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', source], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const leaf = new Promise<number>((done) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const pid = /^\[leaf\] pid (\d+)$/.exec(line)?.[1]
      if (pid !== undefined) done(Number(pid))
    })
  })
  const code = new Promise<number | null>((done) => child.on('exit', done))
  return { child, leaf, code }
}

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('ends all that its children started on %s, though it resists', async (signal, status) => {
  const { child, leaf, code } = run(command(''))
  const pid = await leaf
  child.kill(signal)
  expect(await code).toBe(status)
  await expect.poll(() => isRunning(pid)).toBe(false)
})

it.each([
  ['exits', 'process.exit(9)', 9],
  ['throws', `throw new Error('surprise')`, 1],
  ['stops them', `children.stop(200).then(() => process.exit(4))`, 4],
])('ends all that its children started when the command %s', async (_, then, status) => {
  const { child, leaf, code } = run(command(then))
  const pid = await leaf
  child.stdin.write('go')
  expect(await code).toBe(status)
  await expect.poll(() => isRunning(pid)).toBe(false)
})

it('tells how a child ended and what it said last', async () => {
  const { createChildren } = await import('../../scripts/lib/children.ts')
  const lines: string[] = []
  const children = createChildren((line) => lines.push(line))
  const loud = children.start('loud', process.execPath, [
    '-e',
    `console.log('one'); console.error('two'); process.exit(5)`,
  ])
  const quiet = children.start('quiet', process.execPath, ['-e', `console.log('secret')`], { quiet: true })
  const missing = children.start('missing', '/no/such/program', [])
  expect(await loud.ended).toEqual({ code: 5, signal: null })
  expect(loud.lastLines().split('\n').toSorted()).toEqual(['one', 'two'])
  await quiet.ended
  expect(quiet.lastLines()).toBe('secret')
  expect((await missing.ended).error?.message).toContain('ENOENT')
  expect(lines.toSorted()).toEqual(['[loud] one', '[loud] two'])
  await children.stop()
})
