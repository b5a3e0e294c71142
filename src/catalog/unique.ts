import type { OfferFault } from './offer.ts'

type Entry<T> = { label: string; value: T; path: string }

/** Things that must have a name of their own. Where two share one, both stay away and the fault names them. */
export class Unique<T> {
  readonly #byKey = new Map<string, Entry<T>[]>()
  readonly #faults: OfferFault[]

  constructor(faults: OfferFault[]) {
    this.#faults = faults
  }

  add(key: string, label: string, value: T, path: string): void {
    const others = this.#byKey.get(key)
    if (!others) {
      this.#byKey.set(key, [{ label, value, path }])
      return
    }
    const other = others[0]?.label ?? label
    const message =
      other === label
        ? `${label} is offered twice; set a prefix or an alias`
        : `${label} and ${other} are one name to some clients; set a prefix or an alias`
    this.#faults.push({ path, message })
    others.push({ label, value, path })
  }

  /** In the order of UTF-16 code units, which no locale changes. */
  sorted(): T[] {
    return [...this.#byKey.values()]
      .flatMap((entries) => (entries.length === 1 ? entries : []))
      .toSorted((a, b) => (a.label < b.label ? -1 : 1))
      .map((entry) => entry.value)
  }
}
