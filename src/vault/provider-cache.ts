import type { Config } from '../config/config.ts'
import type { Result } from '../core/result.ts'
import { ok } from '../core/result.ts'
import { identityProviderOf } from '../core/sign-in-provider.ts'
import type { Egress } from '../egress/egress.ts'
import type { Provider } from './provider.ts'
import { exchangeOrigins, loadProvider } from './provider.ts'
import { loadSignInProvider } from './sign-in-provider.ts'

/** A changed provider configuration reaches every vault within this time. */
const lifeMs = 30_000

/** So that a warm lease reads no D1. Only what could be loaded is kept. */
export class ProviderCache {
  readonly #env: Env
  readonly #config: Config
  readonly #egress: Egress
  readonly #known = new Map<string, { provider: Result<Provider>; until: number }>()

  constructor(env: Env, config: Config, egress: Egress) {
    this.#env = env
    this.#config = config
    this.#egress = egress
  }

  async get(project: string, id: string, now: number): Promise<Result<Provider>> {
    const key = JSON.stringify([project, id])
    const known = this.#known.get(key)
    if (known && known.until > now) return known.provider
    const provider = await load(this.#env, this.#config, this.#egress, project, id)
    if (provider.ok) this.#known.set(key, { provider, until: now + lifeMs })
    return provider
  }
}

function load(env: Env, config: Config, egress: Egress, project: string, id: string): Promise<Result<Provider>> {
  const signIn = identityProviderOf(id)
  return signIn === null
    ? loadProvider(env, config, project, id)
    : loadSignInProvider(env, config, egress, project, signIn)
}

/** At which origins a token of this provider may be exchanged, as far as no connection says more. Errors: of loading it. */
export async function exchangeOriginsOf(...of: Parameters<typeof load>): Promise<Result<string[]>> {
  const provider = await load(...of)
  return provider.ok ? ok(exchangeOrigins(provider.value, {})) : provider
}
