import { base64url, sha256 } from '../core/bytes.ts'
import type { Json } from '../core/json.ts'
import { canonicalJson } from '../core/json.ts'
import type { GatewayDocument } from './document.ts'

/** SHA-256 over the canonical document with its defaults filled in, in base64url. */
export async function documentHash(document: GatewayDocument): Promise<string> {
  return base64url(await sha256(canonicalJson(document as unknown as Json)))
}
