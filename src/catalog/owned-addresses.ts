import type { OfferedResource, OfferedTemplate } from '../core/offered.ts'
import type { OfferFault } from './offer.ts'
import { overlap, templatePattern } from './uri-template.ts'

type Entry = { text: string; upstream: string; path: string; pattern: string } & (
  | { resource: OfferedResource }
  | { template: OfferedTemplate }
)

/**
 * Resources and templates keep the addresses that their server gave them, so no address may be two servers': a read would go to
 * one of them in the other's name (attack case 54). Where that can be, both stay away and the fault names them. What one server
 * says in several ways is its own affair.
 */
export class OwnedAddresses {
  readonly #entries = new Map<string, Entry>()
  readonly #faults: OfferFault[]

  constructor(faults: OfferFault[]) {
    this.#faults = faults
  }

  addResource(resource: OfferedResource, path: string): void {
    this.#add({ text: resource.uri, upstream: resource.upstream, path, pattern: resource.uri.toLowerCase(), resource })
  }

  addTemplate(template: OfferedTemplate, path: string): void {
    const { uriTemplate: text, upstream } = template
    this.#add({ text, upstream, path, pattern: templatePattern(text).toLowerCase(), template })
  }

  /** In the order of UTF-16 code units, which no locale changes. */
  sorted(): { resources: OfferedResource[]; templates: OfferedTemplate[] } {
    const hidden = this.#hidden()
    const left = [...this.#entries.values()]
      .filter((one) => !hidden.has(one))
      .toSorted((a, b) => (a.text < b.text ? -1 : 1))
    return {
      resources: left.flatMap((one) => ('resource' in one ? [one.resource] : [])),
      templates: left.flatMap((one) => ('template' in one ? [one.template] : [])),
    }
  }

  /** The same thing of the same server, chosen twice, is one thing. */
  #add(entry: Entry): void {
    const key = JSON.stringify([entry.upstream, 'resource' in entry, entry.text])
    if (!this.#entries.has(key)) this.#entries.set(key, entry)
  }

  #hidden(): Set<Entry> {
    const hidden = new Set<Entry>()
    const seen: Entry[] = []
    const templates: Entry[] = []
    const byAddress = new Map<string, Entry[]>()
    for (const entry of this.#entries.values()) {
      const same = byAddress.get(entry.pattern) ?? []
      const near = 'template' in entry ? seen : [...same, ...templates]
      const rivals = near.filter((one) => one.upstream !== entry.upstream && meet(one, entry))
      if (rivals[0]) this.#faults.push(faultOf(entry, rivals[0]))
      for (const one of rivals) hidden.add(one).add(entry)
      seen.push(entry)
      if ('template' in entry) templates.push(entry)
      else byAddress.set(entry.pattern, [...same, entry])
    }
    return hidden
  }
}

/** The address of a resource is text, also where it has a star in it. */
function meet(one: Entry, other: Entry): boolean {
  if ('resource' in one && 'resource' in other) return one.pattern === other.pattern
  return overlap(one.pattern, other.pattern)
}

function faultOf({ text, upstream, path }: Entry, rival: Entry): OfferFault {
  const message = `${text} of ${upstream} and ${rival.text} of ${rival.upstream} can be one address; leave one out: ${JSON.stringify(`!${text}`)} in resources`
  return { path, message, hidden: [...new Set([rival.text, text])] }
}
