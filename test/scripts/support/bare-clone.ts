import { spawn, type ChildProcess } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

type Ended = { code: number | null; signal: NodeJS.Signals | null; output: string }

const lock = (version: string): object => ({
  lockfileVersion: 3,
  packages: {
    '': { name: 'clone' },
    'node_modules/node': { version },
    'node_modules/for-another-platform': { version: '1.0.0', optional: true },
  },
})

/** What npm ci does, as far as bootstrap.mjs can see. FAKE_NPM chooses a way to go wrong. */
const fakeNpm = `
const fs = require('node:fs')
fs.appendFileSync('npm-calls', process.argv.slice(2).join(' ') + '\\n')
if (process.env.FAKE_NPM === 'offline') { console.error('npm error code ENOTFOUND'); process.exit(1) }
if (process.env.FAKE_NPM === 'hang') { fs.writeFileSync('npm-pid', String(process.pid)); setInterval(() => {}, 1000) }
else {
  fs.rmSync('node_modules', { recursive: true, force: true })
  fs.mkdirSync('node_modules/node/bin', { recursive: true })
  const install = "const fs = require('node:fs'); fs.mkdirSync('bin', { recursive: true }); fs.rmSync('bin/node', { force: true }); fs.symlinkSync(process.execPath, 'bin/node')"
  fs.writeFileSync('node_modules/node/installArchSpecificPackage.js', install)
  if (process.env.FAKE_NPM !== 'no-scripts') fs.symlinkSync(process.execPath, 'node_modules/node/bin/node')
  const { packages } = JSON.parse(fs.readFileSync('package-lock.json', 'utf8'))
  delete packages['']
  delete packages['node_modules/for-another-platform']
  fs.writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages }))
}`

/** A repository with bootstrap.mjs, a lockfile and a stand-in for npm, in a folder of its own. */
export function bareClone() {
  const folder = mkdtempSync(join(tmpdir(), 'behalf-clone-'))
  const path = (name: string): string => join(folder, name)
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(path(name)), { recursive: true })
    writeFileSync(path(name), text)
  }
  const running: ChildProcess[] = []
  mkdirSync(path('scripts'))
  copyFileSync(join(import.meta.dirname, '../../../scripts/bootstrap.mjs'), path('scripts/bootstrap.mjs'))
  write('npm/npm-cli.js', fakeNpm)
  write('package-lock.json', JSON.stringify(lock('1.0.0')))

  function start(script: string, args: string[] = [], env: Record<string, string> = {}) {
    const child = spawn(process.execPath, ['scripts/bootstrap.mjs', script, ...args], {
      cwd: folder,
      env: { ...process.env, npm_execpath: path('npm/npm-cli.js'), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    running.push(child)
    let output = ''
    const waiting: (() => void)[] = []
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
        for (const look of waiting) look()
      })
    }
    const ended = new Promise<Ended>((done) => child.on('close', (code, signal) => done({ code, signal, output })))
    const said = (words: string): Promise<void> =>
      new Promise((done) => {
        const look = (): void => (output.includes(words) ? done() : undefined)
        waiting.push(look)
        look()
      })
    return { child, ended, said }
  }

  return {
    path,
    write,
    start,
    run: (script: string, args?: string[], env?: Record<string, string>) => start(script, args, env).ended,
    lockVersion: (version: string) => write('package-lock.json', JSON.stringify(lock(version))),
    npmCalls: (): number =>
      existsSync(path('npm-calls')) ? readFileSync(path('npm-calls'), 'utf8').trim().split('\n').length : 0,
    executable: (name: string, text: string) => {
      write(name, text)
      chmodSync(path(name), 0o755)
    },
    [Symbol.dispose]() {
      for (const child of running) child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
