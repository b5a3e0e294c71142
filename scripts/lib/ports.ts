import { execFileSync } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'
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

/** A port that is free now, chosen by the system. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done, fail) => server.once('error', fail).listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
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
