import type { Config } from '../config/config.ts'
import type { Result } from '../core/result.ts'
import type { Provider } from './provider.ts'
import { loadProvider } from './provider.ts'

/** A changed provider configuration reaches every vault within this time. */
const lifeMs = 30_000

/** So that a warm lease reads no D1. Only what could be loaded is kept. */
export class ProviderCache {
  readonly #env: Env
  readonly #config: Config
  readonly #known = new Map<string, { provider: Result<Provider>; until: number }>()

  constructor(env: Env, config: Config) {
    this.#env = env
    this.#config = config
  }

  async get(project: string, id: string, now: number): Promise<Result<Provider>> {
    const key = JSON.stringify([project, id])
    const known = this.#known.get(key)
    if (known && known.until > now) return known.provider
    const provider = await loadProvider(this.#env, this.#config, project, id)
    if (provider.ok) this.#known.set(key, { provider, until: now + lifeMs })
    return provider
  }
}
