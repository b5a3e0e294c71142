import { createEmulator } from 'emulate'
import { demoPorts, oktaMemberships, standIns, standInToken } from './lib/demo-world.ts'
import type { DemoPorts } from './lib/demo-world.ts'

/**
 * The local stand-ins for the real services, in one process. Prints a line per service, then `ready`.
 * Argument: the ports as JSON, or none for the demo's own.
 */
const ports = process.argv[2] === undefined ? demoPorts : (JSON.parse(process.argv[2]) as DemoPorts)

for (const { service, port, seed } of standIns(ports)) {
  const emulator = await createEmulator({ service, port, seed: { tokens: standInToken, [service]: seed } } as never)
  if (service === 'okta') {
    for (const path of oktaMemberships()) {
      const answer = await fetch(`${emulator.url}${path}`, {
        method: 'PUT',
        headers: { authorization: 'SSWS stand-in' },
      })
      if (!answer.ok) throw new Error(`okta: PUT ${path} answered ${answer.status}`)
    }
  }
  if (service === 'github') await makeBranch(emulator.url)
  console.log(`${service} ${emulator.url}`)
}
console.log('ready')

/** A branch with something new on it, so that there is something to propose. Through GitHub's own API, as its owner. */
async function makeBranch(url: string): Promise<void> {
  const repository = `${url}/repos/alice-dev/web-shop`
  const [token = ''] = Object.keys(standInToken)
  const send = async (method: string, path: string, body?: object): Promise<unknown> => {
    const answer = await fetch(`${repository}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    if (!answer.ok) throw new Error(`github: ${method} ${path} answered ${answer.status}`)
    return answer.json()
  }
  const main = (await send('GET', '/git/ref/heads/main')) as { object: { sha: string } }
  await send('POST', '/git/refs', { ref: 'refs/heads/keep-coupons', sha: main.object.sha })
  const content = Buffer.from('Coupons stay in the cart.').toString('base64')
  await send('PUT', '/contents/coupons.md', { message: 'Keep coupons', content, branch: 'keep-coupons' })
}
