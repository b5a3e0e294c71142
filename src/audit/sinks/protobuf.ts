/**
 * The part of the Protocol Buffers wire format (protobuf.dev/programming-guides/encoding) that OTLP needs. A message is
 * described by a table, and a value is the JSON form of the same message: one model for both encodings.
 */
export type Field =
  | { number: number; type: 'string' | 'bool' | 'double' | 'hex' }
  /** Decimal text or number. */
  | { number: number; type: 'int64' | 'fixed64' }
  | { number: number; type: 'uint32' | 'fixed32' }
  | { number: number; type: Message; repeated?: boolean }
export type Fields = Readonly<Record<string, Field>>
/** A function where a message holds itself. */
export type Message = Fields | (() => Fields)

const encoder = new TextEncoder()

class Writer {
  #bytes = new Uint8Array(1024)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  varint(value: bigint | number): void {
    if (typeof value === 'number' && value >= 0 && value < 0x80) {
      this.#room(1)
      this.#bytes[this.#length++] = value
      return
    }
    this.#room(10)
    let rest = BigInt.asUintN(64, BigInt(value))
    while (rest >= 0x80n) {
      this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.#bytes[this.#length++] = Number(rest)
  }

  fixed64(value: bigint): void {
    this.#room(8)
    this.#view.setBigUint64(this.#length, BigInt.asUintN(64, value), true)
    this.#length += 8
  }

  fixed32(value: number): void {
    this.#room(4)
    this.#view.setUint32(this.#length, value, true)
    this.#length += 4
  }

  double(value: number): void {
    this.#room(8)
    this.#view.setFloat64(this.#length, value, true)
    this.#length += 8
  }

  bytes(value: Uint8Array): void {
    this.varint(value.length)
    this.#room(value.length)
    this.#bytes.set(value, this.#length)
    this.#length += value.length
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  #room(size: number): void {
    if (this.#length + size <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + size))
    grown.set(this.#bytes)
    this.#bytes = grown
    this.#view = new DataView(grown.buffer)
  }
}

/** Throws a TypeError for a value that does not fit its field, which would be a defect of ours. */
export function encode(message: Message, value: Readonly<Record<string, unknown>>): Uint8Array {
  const writer = new Writer()
  const fields = typeof message === 'function' ? message() : message
  for (const [name, field] of Object.entries(fields)) {
    const given = value[name]
    if (given === undefined || given === null) continue
    const items = 'repeated' in field && field.repeated === true ? (given as unknown[]) : [given]
    for (const item of items) write(writer, field, item)
  }
  return writer.finish()
}

const wireTypes = { string: 2, hex: 2, bool: 0, double: 1, int64: 0, uint32: 0, fixed64: 1, fixed32: 5 } as const

function write(writer: Writer, field: Field, value: unknown): void {
  const { number, type } = field
  writer.varint((number << 3) | (typeof type === 'string' ? wireTypes[type] : 2))
  switch (type) {
    case 'string':
      return writer.bytes(encoder.encode(String(value)))
    case 'hex':
      return writer.bytes(fromHex(String(value)))
    case 'bool':
      return writer.varint(value === true ? 1 : 0)
    case 'double':
      return writer.double(Number(value))
    case 'int64':
      return writer.varint(BigInt(value as string))
    case 'uint32':
      return writer.varint(Number(value))
    case 'fixed64':
      return writer.fixed64(BigInt(value as string))
    case 'fixed32':
      return writer.fixed32(Number(value))
    default:
      return writer.bytes(encode(type, value as Record<string, unknown>))
  }
}

const fromHex = (text: string): Uint8Array =>
  Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(i * 2, i * 2 + 2), 16))

/** Fields of one message by number; null when the bytes are no message. Nested messages stay bytes. */
export function decodeFields(bytes: Uint8Array): Map<number, bigint | Uint8Array> | null {
  const fields = new Map<number, bigint | Uint8Array>()
  let at = 0
  const varint = (): bigint | null => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined) return null
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    return null
  }
  while (at < bytes.length) {
    const tag = varint()
    if (tag === null) return null
    const wire = Number(tag & 7n)
    if (wire === 0) {
      const value = varint()
      if (value === null) return null
      fields.set(Number(tag >> 3n), value)
      continue
    }
    const length = wire === 1 ? 8 : wire === 5 ? 4 : wire === 2 ? Number(varint() ?? -1n) : -1
    if (length < 0 || at + length > bytes.length) return null
    fields.set(Number(tag >> 3n), bytes.subarray(at, at + length))
    at += length
  }
  return fields
}
