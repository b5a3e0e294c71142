import type { Bytes } from '../core/bytes.ts'
import { base64, concat, fromBase64, hex, sha256, timingSafeEqual, utf8 } from '../core/bytes.ts'

/**
 * Signed notes (c2sp.org/signed-note), Ed25519 only. A verifier key is `<name>+<key id in hex>+<base64(0x01 ‖ key)>`,
 * the form that other tools for transparency logs read.
 */
export type Signer = { name: string; verifier: string; sign(text: string): Promise<string> }

const ed25519 = 0x01
/** RFC 8410 §7: what comes before the 32 bytes of a seed in PKCS #8. */
const pkcs8Head = fromBase64('MC4CAQAwBQYDK2VwBCIEIA==')

export async function createSigner(name: string, seed: Bytes): Promise<Signer> {
  if (/[\s+\p{Z}]/u.test(name) || name === '') throw new Error('a key name has neither spaces nor plus signs')
  const key = await crypto.subtle.importKey('pkcs8', concat(pkcs8Head, seed), 'Ed25519', true, ['sign'])
  const jwk = (await crypto.subtle.exportKey('jwk', key)) as { x?: string }
  const publicKey = fromBase64(jwk.x ?? '')
  const id = await keyId(name, publicKey)
  return {
    name,
    verifier: `${name}+${hex(id)}+${base64(concat(Uint8Array.of(ed25519), publicKey))}`,
    async sign(text) {
      const signature = new Uint8Array(await crypto.subtle.sign('Ed25519', key, utf8(text)))
      return `${text}\n— ${name} ${base64(concat(id, signature))}\n`
    },
  }
}

/** The note's text when the key signed it; null when it did not, or when it is no note. */
export async function openNote(note: string, verifier: string): Promise<string | null> {
  const key = await readVerifier(verifier)
  const split = note.lastIndexOf('\n\n')
  if (key === null || split < 0) return null
  const text = note.slice(0, split + 1)
  // oxlint-disable-next-line no-control-regex -- the specification forbids them
  if (/[\u0000-\u0009\u000b-\u001f]/.test(note)) return null
  for (const line of note
    .slice(split + 2)
    .split('\n')
    .slice(0, 16)) {
    const [, name, encoded] = /^— (\S+) (\S+)$/.exec(line) ?? []
    const bytes = name === key.name && encoded !== undefined ? decode(encoded) : null
    if (bytes === null || !timingSafeEqual(bytes.subarray(0, 4), key.id)) continue
    return (await crypto.subtle.verify('Ed25519', key.key, bytes.subarray(4), utf8(text))) ? text : null
  }
  return null
}

async function readVerifier(verifier: string): Promise<{ name: string; id: Bytes; key: CryptoKey } | null> {
  // Base64 may hold a plus sign too: only the first two separate.
  const [, name, id, encoded] = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(verifier.trim()) ?? []
  const data = encoded === undefined ? null : decode(encoded)
  if (name === undefined || data === null || data[0] !== ed25519 || data.length !== 33) return null
  const publicKey = data.subarray(1)
  const wanted = await keyId(name, publicKey)
  if (hex(wanted) !== id) return null
  return { name, id: wanted, key: await crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify']) }
}

const keyId = async (name: string, publicKey: Uint8Array): Promise<Bytes> =>
  (await sha256(concat(utf8(`${name}\n`), Uint8Array.of(ed25519), publicKey))).subarray(0, 4)

function decode(text: string): Bytes | null {
  try {
    return fromBase64(text)
  } catch {
    return null
  }
}
