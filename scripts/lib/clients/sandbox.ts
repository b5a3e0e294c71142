import { mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import type { Ran, RunOptions } from './run-program.ts'
import { runProgram } from './run-program.ts'

/** A computer of its own for one client. */
export type Sandbox = {
  home: string
  /** An empty folder to work in. */
  work: string
  log: string
  /** For programs that somebody else starts. */
  env: Record<string, string>
  /** Puts a file under the home folder. */
  put(path: string, content: string): void
  /** Runs a program to its end and keeps what it wrote. Throws when it takes too long. */
  run(file: string, args: readonly string[], options?: RunOptions): Promise<Ran>
}

const openers = ['xdg-open', 'open', 'sensible-browser', 'x-www-browser', 'www-browser']

/** An empty home, nothing of the environment but what finds programs and the network, and a browser that hands links to us. */
export function createSandbox(folder: string): Sandbox {
  const [home, work, bin] = [join(folder, 'home'), join(folder, 'work'), join(folder, 'bin')]
  for (const one of [home, work, bin]) mkdirSync(one, { recursive: true })
  const links = join(folder, 'links')
  writeFileSync(links, '')
  for (const name of openers) {
    writeFileSync(join(bin, name), `#!/bin/sh\nprintf '%s\\n' "$1" >> '${links}'\n`, { mode: 0o755 })
  }
  const log = join(folder, 'output.log')
  const env = {
    ...networkSettings(process.env),
    HOME: home,
    TMPDIR: work,
    PATH: [bin, dirname(process.execPath), process.env['PATH']].join(delimiter),
    BROWSER: join(bin, 'xdg-open'),
    // Without a display some do not try to open a browser.
    DISPLAY: ':0',
    NO_COLOR: '1',
    TERM: 'xterm-256color',
  }
  return {
    home,
    work,
    log,
    env,
    put(path, content) {
      const file = join(home, path)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, content)
    },
    run: (file, args, options = {}) =>
      runProgram({ file, args, env: { ...env, ...options.env }, cwd: work, log, links }, options),
  }
}

const kept =
  /^(https?_proxy|no_proxy|node_extra_ca_certs|ssl_cert_file|lang|lc_all|npm_config_(registry|userconfig|cafile|.*proxy))$/i

/** How this computer reaches the package registry. */
export function networkSettings(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((one): one is [string, string] => kept.test(one[0]) && one[1] !== undefined),
  )
}
