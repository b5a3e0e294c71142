import type { OfferFault } from './offer.ts'

type Entry<T> = { label: string; value: T; path: string }

/** The thing that came second: what its source calls it, and whether the other one stands in another selection. */
export type Clash = { own: string; apart: boolean }

/** Things that must have a name of their own. Where two share one, both stay away and the fault names them. */
export class Unique<T> {
  readonly #byKey = new Map<string, Entry<T>[]>()
  readonly #faults: OfferFault[]
  readonly #advice: (clash: Clash) => string

  /** `advice`: what an administrator can do that does settle it. */
  constructor(faults: OfferFault[], advice: (clash: Clash) => string) {
    this.#faults = faults
    this.#advice = advice
  }

  add(key: string, { own, ...entry }: Entry<T> & { own: string }): void {
    const others = this.#byKey.get(key)
    if (!others) {
      this.#byKey.set(key, [entry])
      return
    }
    const { label, path } = entry
    const other = others[0]?.label ?? label
    const what = other === label ? `${label} is offered twice` : `${label} and ${other} are one name to some clients`
    const apart = others.some((one) => one.path !== path)
    const hidden = [...new Set([other, label])]
    this.#faults.push({ path, message: `${what}; ${this.#advice({ own, apart })}`, hidden })
    others.push(entry)
  }

  /** In the order of UTF-16 code units, which no locale changes. */
  sorted(): T[] {
    return [...this.#byKey.values()]
      .flatMap((entries) => (entries.length === 1 ? entries : []))
      .toSorted((a, b) => (a.label < b.label ? -1 : 1))
      .map((entry) => entry.value)
  }
}
