import type { Bytes } from '../core/bytes.ts'
import { utf8 } from '../core/bytes.ts'

type Purpose = 'conversation' | 'request-state' | 'task'

const derived = new WeakMap<Bytes, Map<Purpose, Promise<CryptoKey>>>()

/** A key of its own for each purpose (HKDF-SHA-256, RFC 5869), so that one kind of seal never opens as another. */
export function stateKeyFor(stateKey: Bytes, purpose: Purpose): Promise<CryptoKey> {
  let keys = derived.get(stateKey)
  if (!keys) derived.set(stateKey, (keys = new Map()))
  let key = keys.get(purpose)
  if (!key) keys.set(purpose, (key = derive(stateKey, purpose)))
  return key
}

async function derive(stateKey: Bytes, purpose: Purpose): Promise<CryptoKey> {
  const secret = await crypto.subtle.importKey('raw', stateKey, 'HKDF', false, ['deriveKey'])
  const how = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: utf8(`behalf/mcp/${purpose}/v1`) }
  return crypto.subtle.deriveKey(how, secret, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
}
