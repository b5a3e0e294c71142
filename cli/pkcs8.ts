import { createPrivateKey } from 'node:crypto'
import { exitCodes, Fault } from './command.ts'

/** As Web Crypto reads it. GitHub hands keys out in PKCS #1. */
export function pkcs8(pem: string): string {
  try {
    return createPrivateKey(pem).export({ type: 'pkcs8', format: 'pem' }).toString()
  } catch {
    throw new Fault('This is no private key in PEM, or one with a passphrase.', exitCodes.usage)
  }
}
