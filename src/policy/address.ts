/** An address as bits: 32 for version 4, 128 for version 6. A mapped ::ffff:a.b.c.d is version 4. */
type Address = { bits: bigint; size: 32 | 128 }
export type Network = { first: bigint; shift: bigint; size: 32 | 128 }

/** `10.0.0.0/8`, `2001:db8::/32`, or one address. Null when it is neither or has bits beyond the prefix. */
export function parseNetwork(text: string): Network | null {
  const [host = '', prefix, ...rest] = text.split('/')
  const address = parseAddress(host)
  if (address === null || rest.length > 0) return null
  if (prefix !== undefined && !/^(0|[1-9]\d{0,2})$/.test(prefix)) return null
  const length = prefix === undefined ? address.size : Number(prefix)
  if (length > address.size) return null
  const shift = BigInt(address.size - length)
  if ((address.bits >> shift) << shift !== address.bits) return null
  return { first: address.bits >> shift, shift, size: address.size }
}

export function inNetwork(network: Network, address: Address): boolean {
  return network.size === address.size && address.bits >> network.shift === network.first
}

export function parseAddress(text: string): Address | null {
  if (!text.includes(':')) {
    const bits = parseV4(text)
    return bits === null ? null : { bits, size: 32 }
  }
  const bits = parseV6(text)
  if (bits === null) return null
  return bits >> 32n === 0xffffn ? { bits: bits & 0xffffffffn, size: 32 } : { bits, size: 128 }
}

function parseV4(text: string): bigint | null {
  const parts = text.split('.')
  if (parts.length !== 4) return null
  let bits = 0n
  for (const part of parts) {
    // No leading zeros: some systems read 010 as eight.
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return null
    bits = (bits << 8n) | BigInt(part)
  }
  return bits
}

function parseV6(text: string): bigint | null {
  const halves = text.split('::')
  if (halves.length > 2) return null
  const before = readGroups(halves[0] ?? '')
  const after = halves.length === 2 ? readGroups(halves[1] ?? '') : []
  if (before === null || after === null) return null
  const missing = 8 - before.length - after.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null
  const groups = [...before, ...Array<number>(missing).fill(0), ...after]
  return groups.reduce((bits, group) => (bits << 16n) | BigInt(group), 0n)
}

function readGroups(text: string): number[] | null {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (part.includes('.') && i === parts.length - 1) {
      const v4 = parseV4(part)
      if (v4 === null) return null
      groups.push(Number(v4 >> 16n), Number(v4 & 0xffffn))
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16))
    else return null
  }
  return groups
}
