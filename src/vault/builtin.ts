import type { ProviderSpec } from './provider-spec.ts'
import { github } from './providers/github.ts'

/** The specs that come with Behalf. Any other OAuth 2 service is one by value in its `providers` row. */
export const builtinSpecs: ReadonlyMap<string, ProviderSpec> = new Map([github].map((spec) => [spec.id, spec]))
