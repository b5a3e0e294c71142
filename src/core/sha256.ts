/**
 * SHA-256 (FIPS 180-4) and HMAC (RFC 2104), synchronous. Web Crypto only answers with a promise, but the hot path of a
 * tool call and the tree's inner nodes may not wait: nothing else may run between a decision and its record.
 * Checked against Web Crypto in test/core/sha256.test.ts.
 */
const primes = ((): number[] => {
  const found: number[] = []
  for (let n = 2; found.length < 64; n++) if (found.every((p) => n % p !== 0)) found.push(n)
  return found
})()
const fraction = (x: number): number => ((x - Math.floor(x)) * 0x1_0000_0000) | 0
const roundConstants = Int32Array.from(primes, (p) => fraction(Math.cbrt(p)))
const initialState = Int32Array.from(primes.slice(0, 8), (p) => fraction(Math.sqrt(p)))

const schedule = new Int32Array(64)

export function sha256Sync(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return finish(initialState, 0, parts)
}

/** A key whose two inner blocks are hashed already, so that a short message costs two compressions. */
export type DigestKey = { readonly inner: Int32Array; readonly outer: Int32Array }

export function digestKey(raw: Uint8Array): DigestKey {
  const key = raw.length > 64 ? sha256Sync(raw) : raw
  const state = (pad: number): Int32Array => {
    const block = new Uint8Array(64).fill(pad)
    key.forEach((byte, i) => (block[i] = byte ^ pad))
    const words = initialState.slice()
    compress(words, new DataView(block.buffer), 0)
    return words
  }
  return { inner: state(0x36), outer: state(0x5c) }
}

export function hmacSync(key: DigestKey, ...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return finish(key.outer, 64, [finish(key.inner, 64, parts)])
}

const scratch = new Uint8Array(8192)
const scratchView = new DataView(scratch.buffer)

/** `before`: bytes already in `start`. */
function finish(start: Int32Array, before: number, parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0
  for (const part of parts) length += part.length
  const total = Math.ceil((length + 9) / 64) * 64
  const padded = total <= scratch.length ? scratch : new Uint8Array(total)
  const view = padded === scratch ? scratchView : new DataView(padded.buffer)
  let at = 0
  for (const part of parts) {
    padded.set(part, at)
    at += part.length
  }
  padded.fill(0, length, total)
  padded[length] = 0x80
  const bits = (before + length) * 8
  view.setUint32(total - 8, Math.floor(bits / 0x1_0000_0000))
  view.setUint32(total - 4, bits >>> 0)

  const state = start.slice()
  for (let block = 0; block < total; block += 64) compress(state, view, block)
  const out = new Uint8Array(32)
  const words = new DataView(out.buffer)
  for (let i = 0; i < 8; i++) words.setInt32(i * 4, state[i] as number)
  return out
}

function compress(state: Int32Array, view: DataView, block: number): void {
  const w = schedule
  for (let i = 0; i < 16; i++) w[i] = view.getInt32(block + i * 4)
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15] as number
    const y = w[i - 2] as number
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10)
    w[i] = ((w[i - 16] as number) + s0 + (w[i - 7] as number) + s1) | 0
  }
  let a = state[0] as number
  let b = state[1] as number
  let c = state[2] as number
  let d = state[3] as number
  let e = state[4] as number
  let f = state[5] as number
  let g = state[6] as number
  let h = state[7] as number
  for (let i = 0; i < 64; i++) {
    const sum1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
    const t1 = (h + sum1 + ((e & f) ^ (~e & g)) + (roundConstants[i] as number) + (w[i] as number)) | 0
    const sum0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
    const t2 = (sum0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  state[0] = (state[0] as number) + a
  state[1] = (state[1] as number) + b
  state[2] = (state[2] as number) + c
  state[3] = (state[3] as number) + d
  state[4] = (state[4] as number) + e
  state[5] = (state[5] as number) + f
  state[6] = (state[6] as number) + g
  state[7] = (state[7] as number) + h
}
