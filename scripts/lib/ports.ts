import { execFileSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { Stop } from './stop.ts'

export type PortUse = {
  port: number
  /** What wants it, e.g. "the gateway". */
  purpose: string
  /** What to do instead, e.g. "npm start -- --port 8788". */
  wayOut: string
}

/** Throws Stop with a line for each port that is taken: by whom, if that can be found out. The way out is said once. */
export async function requireFreePorts(uses: readonly PortUse[]): Promise<void> {
  const faults: string[] = []
  const waysOut = new Set<string>()
  for (const { port, purpose, wayOut } of uses) {
    const code = await bindFault(port)
    if (code === undefined) continue
    const reason = code === 'EADDRINUSE' ? `is in use${holder(port)}` : `cannot be opened (${code})`
    faults.push(`Port ${port}, wanted for ${purpose}, ${reason}.`)
    waysOut.add(wayOut)
  }
  if (faults.length > 0) throw new Stop([...faults, ...[...waysOut].map((way) => `Way out: ${way}`)].join('\n'))
}

/**
 * Below what systems give to whoever asks for any port, so that none of those takes it before it is used, and above the last one
 * that `fetch` refuses (Fetch, "bad port").
 */
const [lowest, highest] = [11_000, 32_000]

/**
 * A port that is free now, and that nobody else gets from here, in this process or in another, while this process runs: the
 * socket for datagrams at the same number, which nothing else wants, says that it is spoken for.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(lowest, highest)
    if ((await reserve(port)) && (await bindFault(port)) === undefined) return port
  }
  throw new Error('no port is free')
}

function reserve(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = createSocket('udp4').unref()
    socket.once('error', () => done(false))
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => done(true))
  })
}

/** macOS lets a loopback listener and a wildcard listener share a port, so both are tried. */
async function bindFault(port: number): Promise<string | undefined> {
  for (const host of ['127.0.0.1', '0.0.0.0', '::1']) {
    const code = await new Promise<string | undefined>((done) => {
      const server = createServer()
      server.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message))
      server.listen({ port, host, exclusive: true }, () => server.close(() => done(undefined)))
    })
    // A machine without IPv6 has no ::1.
    if (code !== undefined && code !== 'EADDRNOTAVAIL' && code !== 'EAFNOSUPPORT') return code
  }
  return undefined
}

function holder(port: number): string {
  try {
    const fields = execFileSync('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const pid = /^p(\d+)$/m.exec(fields)?.[1]
    const name = /^c(.+)$/m.exec(fields)?.[1]
    return pid === undefined ? '' : ` by ${name ?? 'a program'} (process ${pid})`
  } catch {
    return '' // no lsof on this machine, or another user's process
  }
}
