import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root } from '../../scripts/lib/root.ts'
import { bareClone } from './support/bare-clone.ts'
import { isRunning } from './support/is-running.ts'

const hello = `const greeting: string = 'hello'; console.log(greeting, ...process.argv.slice(2))`

it('installs once, then runs the TypeScript with its arguments', async () => {
  using clone = bareClone()
  clone.write('scripts/hello.ts', hello)
  const first = await clone.run('scripts/hello.ts', ['a b', '--flag'])
  expect(first).toMatchObject({ code: 0, output: expect.stringContaining('hello a b --flag') })
  expect(first.output).toContain('Installing 1 packages')
  expect(await clone.run('scripts/hello.ts')).toMatchObject({ code: 0, output: 'hello\n' })
  expect(clone.npmCalls()).toBe(1)
})

it('installs again when package-lock.json has changed or an install was cut off', async () => {
  using clone = bareClone()
  clone.write('scripts/hello.ts', hello)
  await clone.run('scripts/hello.ts')
  clone.lockVersion('1.0.1')
  await clone.run('scripts/hello.ts')
  expect(clone.npmCalls()).toBe(2)
  rmSync(clone.path('node_modules/.package-lock.json'))
  await clone.run('scripts/hello.ts')
  expect(clone.npmCalls()).toBe(3)
})

it('fetches the toolchain when npm has skipped install scripts', async () => {
  using clone = bareClone()
  clone.write('scripts/hello.ts', hello)
  const ended = await clone.run('scripts/hello.ts', [], { FAKE_NPM: 'no-scripts' })
  expect(ended).toMatchObject({ code: 0, output: expect.stringContaining('hello\n') })
  expect(existsSync(clone.path('node_modules/node/bin/node'))).toBe(true)
})

it('fetches the toolchain again when its binary does not start', async () => {
  using clone = bareClone()
  clone.write('scripts/hello.ts', hello)
  await clone.run('scripts/hello.ts')
  rmSync(clone.path('node_modules/node/bin/node'))
  clone.executable('node_modules/node/bin/node', '#!/bin/sh\nexit 1\n')
  expect(await clone.run('scripts/hello.ts')).toMatchObject({ code: 0 })
  expect(clone.npmCalls()).toBe(1)
})

it('says that the registry cannot be reached, and leaves no lock', async () => {
  using clone = bareClone()
  clone.write('scripts/hello.ts', hello)
  const ended = await clone.run('scripts/hello.ts', [], { FAKE_NPM: 'offline' })
  expect(ended.code).toBe(1)
  expect(ended.output).toContain('The npm registry could not be reached.')
  expect(ended.output).not.toContain('at async')
  expect(existsSync(clone.path('.behalf/install.lock'))).toBe(false)
})

it('refuses a damaged lockfile and an unknown script in one line', async () => {
  using clone = bareClone()
  clone.write('scripts/hello.ts', hello)
  expect(await clone.run('scripts/none.ts')).toMatchObject({ code: 1, output: 'There is no script scripts/none.ts\n' })
  clone.write('package-lock.json', '{')
  expect(await clone.run('scripts/hello.ts')).toMatchObject({
    code: 1,
    output: expect.stringContaining('package-lock.json is missing or damaged'),
  })
})

it('installs once when two commands start together', async () => {
  using clone = bareClone()
  clone.write('scripts/hello.ts', hello)
  const both = await Promise.all([clone.run('scripts/hello.ts'), clone.run('scripts/hello.ts')])
  expect(both.map((ended) => ended.code)).toEqual([0, 0])
  expect(clone.npmCalls()).toBe(1)
})

it('takes over the lock of an install that is no longer alive', async () => {
  using clone = bareClone()
  clone.write('scripts/hello.ts', hello)
  clone.write('.behalf/install.lock', '2147483646')
  expect(await clone.run('scripts/hello.ts')).toMatchObject({ code: 0 })
})

it('ends npm and frees the lock when it is interrupted while installing', async () => {
  using clone = bareClone()
  clone.write('scripts/hello.ts', hello)
  const started = clone.start('scripts/hello.ts', [], { FAKE_NPM: 'hang' })
  await expect.poll(() => existsSync(clone.path('npm-pid'))).toBe(true)
  const npm = Number(readFileSync(clone.path('npm-pid'), 'utf8'))
  started.child.kill('SIGINT')
  expect((await started.ended).code).toBe(130)
  expect(isRunning(npm)).toBe(false)
  expect(existsSync(clone.path('.behalf/install.lock'))).toBe(false)
})

it('passes the exit code on', async () => {
  using clone = bareClone()
  clone.write('scripts/fail.ts', 'process.exitCode = 7')
  expect(await clone.run('scripts/fail.ts')).toMatchObject({ code: 7 })
})

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('passes %s on and waits for the script to end', async (signal) => {
  using clone = bareClone()
  clone.write(
    'scripts/wait.ts',
    `setInterval(() => {}, 1000); process.on('${signal}', () => { console.log('cleaned up'); process.exit(3) }); console.log('ready')`,
  )
  const started = clone.start('scripts/wait.ts')
  await started.said('ready')
  started.child.kill(signal)
  expect(await started.ended).toMatchObject({ code: 3, output: expect.stringContaining('cleaned up') })
})

it('reports a script that died of a signal as the shell does', async () => {
  using clone = bareClone()
  clone.write('scripts/die.ts', `process.kill(process.pid, 'SIGKILL')`)
  expect(await clone.run('scripts/die.ts')).toMatchObject({ code: 137 })
})

it('gets the signals that npm is sent: the shell between them gives way', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const ours = Object.values(scripts).filter((line) => line.includes('bootstrap.mjs'))
  expect(ours.length).toBeGreaterThan(0)
  for (const line of ours) expect(line).toMatch(/^exec node /)
})
