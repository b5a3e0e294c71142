import { hex, lengthPrefixed, utf8 } from '../core/bytes.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { Config } from '../config/config.ts'
import { Remembered } from '../core/remembered.ts'
import { withinBase64, withinPercentEncoding } from './encoded-text.ts'
import { plainText } from './neutralise.ts'
import { withoutAssigned, withoutCards, withoutCredentials, withoutMembers } from './scrub-text.ts'
import { isSecretName } from './secret-names.ts'
import type { DigestKey } from '../core/sha256.ts'
import { digestKey, hmacSync } from '../core/sha256.ts'

/**
 * `none`: nothing is kept. `metadata`: size and keyed digest. `redacted`: the value without secrets and personal numbers.
 * `full`: the value; only credentials and what the tool's definition marks as sensitive are hidden.
 */
export type RedactionMode = 'none' | 'metadata' | 'redacted' | 'full'

export type RedactionPolicy = {
  mode: RedactionMode
  /** Equal values have equal digests within a project, and nobody without the key can test a guess. */
  digestKey: DigestKey
  /** JSON pointers (RFC 6901) to what may never be shown; a segment `*` stands for any member. */
  sensitive?: readonly string[]
  /** More member names whose values are hidden, compared without case, `-` and `_`. */
  names?: readonly string[]
  /** Longest kept string, in UTF-16 units. Default 16,384. */
  maxField?: number
  /** Longest kept value as a whole, counted the same way. Default 65,536. */
  maxTotal?: number
  /** Most members and items. Default 2,000. */
  maxMembers?: number
}

export type Redacted = {
  /** Absent in the modes `none` and `metadata`. */
  value?: Json
  redactions: number
  /** How many strings, members or items were cut. */
  cut: number
}

export const defaultArgumentsMode: RedactionMode = 'redacted'
export const defaultResultMode: RedactionMode = 'metadata'

/** The project's key for digests. Same key, same digest: rotating BEHALF_STATE_KEY ends correlation with the past. */
export function redactionKey(config: Pick<Config, 'stateKey'>, project: string): DigestKey {
  return digestKey(hmacSync(digestKey(config.stateKey), lengthPrefixed('behalf audit digest 1', project)))
}

const maxDepth = 32
const maxMembers = 2_000
/** A longer text is not read as JSON. */
const maxNested = 262_144
/** Text in base64 in a URL, and no further. */
const maxDecodings = 2
/** `token:x` and a card number are longer. */
const shortestSecret = 10
const longestHarmless = 100
/** A person's and an agent's name, an issuer, a rule: they come with every event, and nothing is hidden in them. */
const harmless = new Remembered<true>(1_000)

/** Pure and synchronous: the caller's value is not changed. */
export function redact(value: Json, policy: RedactionPolicy): Redacted {
  if (policy.mode === 'none' || policy.mode === 'metadata') return { redactions: 0, cut: 0 }
  const walk = new Walk(policy)
  const kept = walk.value(value, pointersOf(policy.sensitive ?? []), 0)
  return { value: kept, redactions: walk.redactions, cut: walk.cut }
}

/** Keyed digest of a value as it was, and its length as JSON text. */
export function measure(value: Json, key: DigestKey): { digest: string; length: number } {
  const text = JSON.stringify(value)
  return { digest: digestOf(key, text, 64), length: text.length }
}

/** `[redacted:github:1a2b3c4d]`: what kind it was, and enough digest to see that two are the same. */
function marker(kind: string, text: string, key: DigestKey): string {
  return `[redacted:${kind}:${digestOf(key, text, 8)}]`
}

const digestOf = (key: DigestKey, text: string, digits: number): string =>
  hex(hmacSync(key, utf8(text)).subarray(0, digits / 2))

type Pointers = readonly (readonly string[])[]

const pointersOf = (sensitive: readonly string[]): Pointers =>
  sensitive.map((pointer) =>
    pointer
      .split('/')
      .slice(1)
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~')),
  )

class Walk {
  redactions = 0
  cut = 0
  readonly #policy: RedactionPolicy
  readonly #names: ReadonlySet<string>
  readonly #maxField: number
  #room: number
  #members: number
  #decodings = 0

  constructor(policy: RedactionPolicy) {
    this.#policy = policy
    this.#names = new Set((policy.names ?? []).map(plainName))
    this.#maxField = policy.maxField ?? 16_384
    this.#room = policy.maxTotal ?? 65_536
    this.#members = policy.maxMembers ?? maxMembers
  }

  value(value: Json, pointers: Pointers, depth: number): Json {
    if (pointers.some((pointer) => pointer.length === 0)) return this.hide('sensitive', value)
    if (typeof value === 'string') return this.text(value, depth)
    if (value === null || typeof value !== 'object') return this.#spend(8) ? value : this.#cutMark()
    if (depth >= maxDepth) return this.#cutMark()
    return Array.isArray(value) ? this.#array(value, pointers, depth) : this.#object(value, pointers, depth)
  }

  hide(kind: string, value: Json): string {
    this.redactions++
    return marker(kind, typeof value === 'string' ? value : JSON.stringify(value), this.#policy.digestKey)
  }

  text(text: string, depth: number): string {
    const nested = this.#nested(text, depth)
    // The tail goes before the search, with enough left that a secret on the edge is still seen whole.
    const limit = Math.min(this.#maxField, Math.max(this.#room, 0))
    let kept = nested ?? this.#scrub(text.length > limit ? text.slice(0, limit + 512) : text)
    if ((nested ?? text).length > limit) {
      this.cut++
      kept = `${kept.slice(0, limit).toWellFormed()}[cut:${text.length}:${digestOf(this.#policy.digestKey, text, 64)}]`
    }
    this.#spend(kept.length)
    return plainText(kept)
  }

  /** A string that is itself JSON, as most tool results are: its members have names too. Null: it stays as it is written. */
  #nested(text: string, depth: number): string | null {
    const [room, members] = [this.#room, this.#members]
    if (!beginsJson(text) || text.length > maxNested || depth >= maxDepth || room <= 0) return null
    const before = this.redactions + this.cut
    try {
      const kept = this.value(JSON.parse(text) as Json, [], depth + 1)
      return this.redactions + this.cut === before ? null : JSON.stringify(kept)
    } catch {
      return null
    } finally {
      // What is kept of it is counted as the text it is.
      this.#room = room
      this.#members = members
    }
  }

  #scrub(text: string): string {
    // A policy with names of its own hides what is harmless elsewhere.
    const memory = text.length <= longestHarmless && this.#names.size === 0 ? harmless : null
    if (text.length < shortestSecret || memory?.get(text)) return text
    const kept = this.#scrubbed(text)
    const isWholeLook = this.#policy.mode === 'redacted' && this.#decodings === 0 && this.#room > 0
    if (isWholeLook && kept === text) memory?.set(text, true)
    return kept
  }

  #scrubbed(text: string): string {
    const hide = this.hide.bind(this)
    let kept = withoutCredentials(text, hide)
    if (this.#decodings < maxDecodings) {
      kept = withinPercentEncoding(
        kept,
        (part) => this.#nested(part, 0),
        (decoded) => this.#within(decoded),
      )
      kept = withinBase64(kept, (decoded) => this.#hideEncoded(decoded))
    }
    kept = withoutMembers(kept, (name) => this.#isSecret(name), hide)
    kept = withoutAssigned(kept, hide)
    return this.#policy.mode === 'redacted' ? withoutCards(kept, hide) : kept
  }

  /** As a whole: what is left of it would be no base64. */
  #hideEncoded(decoded: string): string | null {
    const before = this.redactions
    if (this.#within(decoded) === null) return null
    this.redactions = before
    return this.hide('encoded', decoded)
  }

  /** Null: there is nothing to hide in it. */
  #within(decoded: string): string | null {
    const before = this.redactions
    this.#decodings++
    const kept = this.#nested(decoded, 0) ?? this.#scrub(decoded)
    this.#decodings--
    return this.redactions === before ? null : kept
  }

  #array(items: Json[], pointers: Pointers, depth: number): Json[] {
    const kept: Json[] = []
    for (const [i, item] of items.entries()) {
      if (!this.#takeMember()) {
        kept.push(`[cut:${items.length - i} items]`)
        break
      }
      kept.push(this.value(item, below(pointers, String(i)), depth + 1))
    }
    return kept
  }

  #object(object: JsonObject, pointers: Pointers, depth: number): JsonObject {
    const kept: [string, Json][] = []
    const members = Object.entries(object)
    for (const [i, [name, value]] of members.entries()) {
      if (!this.#takeMember()) {
        kept.push(['[cut]', `${members.length - i} members`])
        break
      }
      // A name can carry a secret as well as a value can.
      const plain = this.text(name, maxDepth)
      const secret = value !== null && typeof value !== 'boolean' && this.#isSecret(name)
      kept.push([plain, secret ? this.hide('name', value) : this.value(value, below(pointers, name), depth + 1)])
    }
    return Object.fromEntries(kept)
  }

  #isSecret(name: string): boolean {
    return isSecretName(name) || (this.#names.size > 0 && this.#names.has(plainName(name)))
  }

  #takeMember(): boolean {
    if (this.#members > 0 && this.#room > 0) {
      this.#members--
      return true
    }
    this.cut++
    return false
  }

  #spend(units: number): boolean {
    this.#room -= units
    return this.#room > 0
  }

  #cutMark(): string {
    this.cut++
    return '[cut]'
  }
}

function beginsJson(text: string): boolean {
  const first = text.charCodeAt(0)
  return first === 0x7b || first === 0x5b || first === 0x22
}

const plainName = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '')

const below = (pointers: Pointers, name: string): Pointers =>
  pointers.length === 0
    ? pointers
    : pointers.filter((pointer) => pointer[0] === name || pointer[0] === '*').map((pointer) => pointer.slice(1))
