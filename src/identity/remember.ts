export type Memory<Value> = {
  get(key: string, now: number): Value | undefined
  set(key: string, value: Value, expiresAt: number): void
  forget(): void
}

/** A bounded memory of one isolate: the least recently used goes first. Made for what may be stale for a while and no longer. */
export function createMemory<Value>(maxEntries: number): Memory<Value> {
  const entries = new Map<string, { value: Value; expiresAt: number }>()
  return {
    get(key, now) {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      entries.delete(key)
      if (now >= entry.expiresAt) return undefined
      entries.set(key, entry)
      return entry.value
    },
    set(key, value, expiresAt) {
      entries.delete(key)
      entries.set(key, { value, expiresAt })
      if (entries.size <= maxEntries) return
      const oldest = entries.keys().next()
      if (!oldest.done) entries.delete(oldest.value)
    },
    forget() {
      entries.clear()
    },
  }
}
