/**
 * Is this literal address one that anybody on the internet may reach? Sources: the IANA special-purpose registries
 * (RFC 6890 and its updates). Hosts arrive as the WHATWG URL parser wrote them, so decimal, octal, hexadecimal and short
 * spellings of IPv4 are dotted quads already.
 */
export type AddressKind = 'name' | 'public' | 'loopback' | 'private'

export function addressKind(hostname: string): AddressKind {
  if (hostname.startsWith('[')) return ipv6Kind(hostname.slice(1, -1))
  const quad = ipv4(hostname)
  return quad === null ? 'name' : ipv4Kind(quad)
}

export function ipv4(text: string): number | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (!match) return null
  const parts = match.slice(1).map(Number)
  if (parts.some((part) => part > 255)) return null
  return parts.reduce((all, part) => all * 256 + part, 0)
}

const ipv4Reserved: readonly (readonly [base: string, bits: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
]
const ranges = ipv4Reserved.map(([base, bits]) => ({ base: ipv4(base) ?? 0, size: 2 ** (32 - bits) }))

function ipv4Kind(address: number): AddressKind {
  if (Math.floor(address / 2 ** 24) === 127) return 'loopback'
  return ranges.some(({ base, size }) => address >= base && address < base + size) ? 'private' : 'public'
}

/**
 * Only global unicast (2000::/3) is public, less what is inside it for protocols, tunnels and documentation. That leaves
 * out every form that carries an IPv4 address: mapped, compatible, NAT64 (64:ff9b::/96), Teredo and 6to4.
 */
function ipv6Kind(text: string): AddressKind {
  const groups = ipv6Groups(text)
  if (groups === null) return 'private'
  if (groups.slice(0, 7).every((group) => group === 0) && groups[7] === 1) return 'loopback'
  const [first = 0, second = 0] = groups
  if (first < 0x2000 || first > 0x3fff) return 'private'
  if (first === 0x2001 && (second < 0x200 || second === 0xdb8)) return 'private'
  if (first === 0x2002 || (first === 0x3fff && second < 0x1000)) return 'private'
  return 'public'
}

/** Reads the canonical text of RFC 5952. Anything else is null. */
function ipv6Groups(text: string): number[] | null {
  const [head = '', tail, ...rest] = text.split('::')
  if (rest.length > 0) return null
  const read = (part: string): number[] =>
    part === ''
      ? []
      : part.split(':').map((group) => (/^[0-9a-f]{1,4}$/i.test(group) ? Number.parseInt(group, 16) : NaN))
  const before = read(head)
  const after = tail === undefined ? [] : read(tail)
  const missing = 8 - before.length - after.length
  if (tail === undefined ? missing !== 0 : missing < 1) return null
  const groups = [...before, ...Array.from<number>({ length: missing }).fill(0), ...after]
  return groups.some(Number.isNaN) ? null : groups
}
