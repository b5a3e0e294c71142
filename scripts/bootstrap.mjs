#!/usr/bin/env node
// node scripts/bootstrap.mjs <script.ts> [arguments]
// Plain JavaScript for Node 20 or newer and nothing installed: brings the dependencies up to package-lock.json, then
// runs the script with the toolchain's own Node, which comes from npm.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { basename, delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const toolchainNode = join(root, 'node_modules/node/bin/node')

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']

class Fault extends Error {}

async function main() {
  const [script, ...args] = process.argv.slice(2)
  if (process.platform === 'win32') throw new Fault('Windows is not supported. Use WSL, Linux or macOS.')
  if (Number(process.versions.node.split('.')[0]) < 20) {
    throw new Fault(
      `Node ${process.versions.node} is too old: 20 or newer is needed. See https://nodejs.org/en/download`,
    )
  }
  if (script === undefined || !existsSync(join(root, script)))
    throw new Fault(`There is no script ${script ?? ''}`.trim())
  if (!isInstalled() || !startsToolchain()) await locked(install)
  await run(toolchainNode, [join(root, script), ...args])
}

/**
 * npm writes node_modules/.package-lock.json last, so it tells both what is there and that the install was not cut off.
 * Packages for other platforms are optional and may be absent.
 */
function isInstalled() {
  const want = readPackages('package-lock.json')
  const have = readPackages('node_modules/.package-lock.json')
  if (want === undefined)
    throw new Fault('package-lock.json is missing or damaged. Run: git checkout package-lock.json')
  if (have === undefined) return false
  const same = (path) =>
    have[path].version === want[path]?.version &&
    have[path].integrity === (want[path].integrity ?? have[path].integrity)
  const mayBeAbsent = (path) => path === '' || want[path].optional || want[path].devOptional || want[path].peer
  return (
    Object.keys(have).every(same) && Object.keys(want).every((path) => mayBeAbsent(path) || have[path] !== undefined)
  )
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages
  } catch {
    return undefined
  }
}

const startsToolchain = () => spawnSync(toolchainNode, ['--version'], { stdio: 'ignore' }).status === 0

/** Two commands started at once must not both empty node_modules: the second waits for the first. */
async function locked(work) {
  const lock = join(root, '.behalf/install.lock')
  mkdirSync(dirname(lock), { recursive: true })
  for (let told = false; !take(lock); told = true) {
    if (!told)
      console.error(`Another command is installing the dependencies; waiting for it. If there is none, delete ${lock}`)
    await new Promise((done) => setTimeout(done, 500))
  }
  const release = () => rmSync(lock, { force: true })
  process.once('exit', release)
  try {
    await work()
  } finally {
    release()
  }
}

function take(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch {
    if (!isAlive(lock)) rmSync(lock, { force: true })
    return false
  }
}

function isAlive(lock) {
  try {
    const pid = Number(readFileSync(lock, 'utf8'))
    // An empty file is one that its owner is about to write.
    return pid === 0 || process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
}

async function install() {
  if (!isInstalled()) {
    const count = Object.values(readPackages('package-lock.json')).filter((one) => !one.optional).length - 1
    console.error(`Installing ${count} packages into node_modules. This happens once and takes a minute or two.`)
    // A user's own npm settings must not leave out the toolchain, which is a development dependency.
    await npm(['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund'], root)
    if (!isInstalled())
      throw new Fault('npm ci ended without an error, but node_modules does not match package-lock.json.')
  }
  if (!startsToolchain()) await installToolchain()
}

/** The package `node` fetches its binary in a preinstall script, which newer npm versions or the user may have turned off. */
async function installToolchain() {
  const home = join(root, 'node_modules/node')
  console.error('Fetching the toolchain’s own Node.')
  await watched(process.execPath, ['installArchSpecificPackage.js'], home)
  const probe = spawnSync(toolchainNode, ['--version'], { encoding: 'utf8' })
  if (probe.status === 0) return
  const reason = probe.error?.message ?? probe.stderr.trim()
  throw new Fault(
    `The toolchain’s Node does not start here (${reason}). Delete node_modules and run the command again.`,
  )
}

function npm(args, cwd) {
  const cli = process.env.npm_execpath
  const viaNpm = cli !== undefined && basename(cli) === 'npm-cli.js'
  return viaNpm ? watched(process.execPath, [cli, ...args], cwd) : watched('npm', args, cwd)
}

/** Runs a child with a line now and then that shows it is alive. Throws a Fault that says what to do when it fails. */
async function watched(command, args, cwd) {
  const env = { ...process.env }
  // npm refuses this setting from the environment, where its own parent process puts it.
  delete env.npm_config_allow_scripts
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const keep = (chunk) => (output = (output + chunk).slice(-20_000))
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)

  const startedAt = Date.now()
  const seconds = () => Math.round((Date.now() - startedAt) / 1000)
  const live = process.stderr.isTTY === true
  const tick = () => process.stderr.write(live ? `\r  ${seconds()} s ` : `  ${seconds()} s\n`)
  const ticker = setInterval(tick, live ? 1000 : 10_000)
  let interrupted
  const stop = (signal) => {
    interrupted = signal
    child.kill('SIGTERM')
  }
  for (const signal of signals) process.on(signal, stop)

  const code = await new Promise((done) => {
    child.on('error', (error) => done(error.message))
    child.on('close', done)
  })
  clearInterval(ticker)
  for (const signal of signals) process.off(signal, stop)
  if (live) process.stderr.write('\r')
  if (interrupted) process.exit(128 + constants.signals[interrupted])
  if (code !== 0) {
    const lines = output.split('\n').filter((line) => !line.startsWith('npm warn'))
    throw new Fault(`${lines.slice(-25).join('\n')}\n${explain(output, code)}`.trim())
  }
  console.error(`  done in ${seconds()} s`)
}

function explain(output, code) {
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENETUNREACH/.test(output)) {
    return 'The npm registry could not be reached. Check the network or proxy (npm config get registry), then run the command again.'
  }
  if (/EUSAGE/.test(output)) return 'package-lock.json does not fit package.json. Run: npm install'
  if (/ENOSPC/.test(output)) return 'The disk is full.'
  if (/EACCES|EPERM/.test(output)) return `No permission to write below ${root}. Was npm run as another user before?`
  if (/EINTEGRITY/.test(output)) return 'A package is not what package-lock.json says. Run: npm cache verify'
  return `The dependencies could not be installed (${code}). Run npm ci to see more.`
}

async function run(command, args) {
  const path = [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter)
  const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, PATH: path } })
  // With a terminal, Ctrl-C reaches the child by itself; a second copy would look like an impatient second press.
  const pass = (signal) => (signal === 'SIGINT' && process.stdin.isTTY ? undefined : child.kill(signal))
  for (const signal of signals) process.on(signal, pass)
  const [code, signal] = await new Promise((done, fail) => {
    child.on('error', (error) => fail(new Fault(`${command} does not start: ${error.message}`)))
    child.on('exit', (...ended) => done(ended))
  })
  process.exitCode = signal ? 128 + constants.signals[signal] : code
  for (const name of signals) process.off(name, pass)
}

main().catch((error) => {
  console.error(error instanceof Fault ? error.message : error)
  process.exitCode = 1
})
