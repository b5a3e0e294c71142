import type { Json } from '../core/json.ts'
import type { Detector, Kind, Span } from './detector.ts'
import { showHidden } from './hidden-characters.ts'
import type { Plan, Treatment } from './plan.ts'

/** For the record. Where it stood, and for words to the model a piece of them; never a secret or a person's data. */
export type Found = { kind: Kind | 'unread'; what: string; path: string; action: Treatment['action']; excerpt?: string }

export type ScreenedValue = {
  /** The very same value where nothing had to be masked. */
  value: Json
  found: Found[]
  labels: Set<string>
  withheld: boolean
}

/** UTF-16 units of one result. What is not looked at is not clean. */
const mostLookedAt = 2_000_000
const mostFound = 100
const longestExcerpt = 160

/** Looks through every text of a value, names of members included. Linear in its size; what is clean is not copied. */
export function screenValue(value: Json, plan: Plan, detectors: readonly Detector[]): ScreenedValue {
  const walk = new Walk(plan, detectors)
  const screened = walk.value(value, '')
  return { value: screened, found: walk.found, labels: walk.labels, withheld: walk.withheld }
}

class Walk {
  readonly found: Found[] = []
  readonly labels = new Set<string>()
  withheld = false
  readonly #treatments: Plan['treatments']
  readonly #detectors: readonly Detector[]
  readonly #wanted: ReadonlySet<Kind>
  #left = mostLookedAt

  constructor({ treatments }: Plan, detectors: readonly Detector[]) {
    this.#treatments = treatments
    this.#wanted = new Set(treatments.keys())
    this.#detectors = detectors.filter(({ kinds }) => kinds.some((kind) => this.#wanted.has(kind)))
  }

  value(value: Json, path: string): Json {
    if (typeof value === 'string') return this.#text(value, path)
    if (value === null || typeof value !== 'object') return value
    if (Array.isArray(value)) return this.#array(value, path)
    return this.#object(value, path)
  }

  #array(items: Json[], path: string): Json[] {
    let changed = false
    const kept = items.map((item, i) => {
      const one = this.value(item, `${path}[${i}]`)
      changed ||= one !== item
      return one
    })
    return changed ? kept : items
  }

  #object(object: { [key: string]: Json }, path: string): Json {
    let changed = false
    const kept = Object.entries(object).map(([name, inner]): [string, Json] => {
      const at = path === '' ? name : `${path}.${name}`
      const plain = isPlainName(name) ? name : this.#text(name, `${at} (name)`)
      const one = isBinary(name, inner) ? inner : this.value(inner, at)
      changed ||= one !== inner || plain !== name
      return [plain, one]
    })
    return changed ? Object.fromEntries(kept) : object
  }

  #text(text: string, path: string): string {
    // Nothing that is looked for is shorter.
    if (text.length < 6) return text
    this.#left -= text.length
    if (this.#left < 0) return this.#unread(text, path)
    const spans = this.#spansOf(text)
    for (const span of spans) this.#note(span, text, path)
    const masked = this.#masked(text, spans)
    if (!text.includes('\\u')) return masked
    return this.#escaped(masked, path, new Set(spans.map((span) => textOf(span, text))))
  }

  /** What escapes spell is looked at whatever stands openly beside it (`known`): that may be there to draw the eye. */
  #escaped(text: string, path: string, known: ReadonlySet<string>): string {
    const decoded = decodeEscapes(text)
    if (decoded === text) return text
    this.#left -= decoded.length
    if (this.#left < 0) return this.#unread(text, path)
    const spans = this.#spansOf(decoded)
    for (const span of spans) if (!known.has(textOf(span, decoded))) this.#note(span, decoded, path)
    const masked = this.#masked(decoded, spans)
    return masked === decoded ? text : masked
  }

  #masked(text: string, spans: readonly Span[]): string {
    const masked = spans.filter(({ kind }) => this.#treatments.get(kind)?.action === 'mask')
    return masked.length === 0 ? text : mask(text, masked)
  }

  #spansOf(text: string): Span[] {
    return this.#detectors.flatMap((detector) =>
      detector.find(text, this.#wanted).filter(({ kind }) => this.#wanted.has(kind)),
    )
  }

  #note({ kind, what, start, end }: Span, text: string, path: string): void {
    const treatment = this.#treatments.get(kind)
    if (treatment === undefined) return
    if (treatment.label !== null) this.labels.add(treatment.label)
    if (treatment.action === 'withhold') this.withheld = true
    if (this.found.length >= mostFound) return
    const shown = kind === 'instruction' ? { excerpt: showHidden(text.slice(start, end)).slice(0, longestExcerpt) } : {}
    this.found.push({ kind, what, path: showHidden(path).slice(0, 300), action: treatment.action, ...shown })
  }

  /** As if it held everything that is looked for. */
  #unread(text: string, path: string): string {
    const all = [...this.#treatments.values()]
    const actions = all.map(({ action }) => action)
    for (const { label } of all) if (label !== null) this.labels.add(label)
    const action = actions.includes('withhold') ? 'withhold' : actions.includes('mask') ? 'mask' : 'mark'
    if (action === 'withhold') this.withheld = true
    if (!this.found.some(({ kind }) => kind === 'unread')) {
      this.found.push({ kind: 'unread', what: 'more than is looked at', path: showHidden(path).slice(0, 300), action })
    }
    return action === 'mask' ? '[masked:unread]' : text
  }
}

const textOf = ({ kind, what, start, end }: Span, text: string): string => `${kind} ${what} ${text.slice(start, end)}`

/** Spans may overlap: what stands under several is masked once, by the first. */
function mask(text: string, spans: readonly Span[]): string {
  let out = ''
  let at = 0
  for (const { kind, start, end } of spans.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    if (start >= at) out += `${text.slice(at, start)}[masked:${kind}]`
    at = Math.max(at, end)
  }
  return out + text.slice(at)
}

/** JSON within a text may spell its characters out; whoever reads it reads them. */
function decodeEscapes(text: string): string {
  return text.replace(/\\u([0-9a-fA-F]{4})/g, (all, code: string) => {
    const character = String.fromCharCode(Number.parseInt(code, 16))
    return character === '"' || character === '\\' || character < ' ' ? all : character
  })
}

/** Too short for a secret, and one word. */
const isPlainName = (name: string): boolean => name.length < 20 && /^\w*$/.test(name)

/** Pictures, sound and files by value. Base64 has no spaces and no signs, so no words stand in it. */
const isBinary = (name: string, value: Json): boolean =>
  (name === 'data' || name === 'blob') && typeof value === 'string' && /^[A-Za-z0-9+/]{256,}={0,2}$/.test(value)
