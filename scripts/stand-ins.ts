import { createEmulator } from 'emulate'
import { demoPorts, oktaMemberships, standIns } from './lib/demo-world.ts'
import type { DemoPorts } from './lib/demo-world.ts'

/**
 * The local stand-ins for the real services, in one process. Prints a line per service, then `ready`.
 * Argument: the ports as JSON, or none for the demo's own.
 */
const ports = process.argv[2] === undefined ? demoPorts : (JSON.parse(process.argv[2]) as DemoPorts)

for (const { service, port, seed } of standIns(ports)) {
  const emulator = await createEmulator({ service, port, seed: { [service]: seed } } as never)
  if (service === 'okta') {
    for (const path of oktaMemberships()) {
      const answer = await fetch(`${emulator.url}${path}`, {
        method: 'PUT',
        headers: { authorization: 'SSWS stand-in' },
      })
      if (!answer.ok) throw new Error(`okta: PUT ${path} answered ${answer.status}`)
    }
  }
  console.log(`${service} ${emulator.url}`)
}
console.log('ready')
