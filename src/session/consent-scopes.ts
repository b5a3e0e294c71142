import type { Snapshot } from '../gateways/gateways.ts'
import type { ConsentScopes } from './credentials.ts'

/**
 * What a consent at this provider may and should ask for, by the gateway's document. Without `oneConsent` each tool asks for
 * its own scopes when it is first used.
 */
export function consentScopes(snapshot: Pick<Snapshot, 'providers' | 'tools'>, provider: string): ConsentScopes {
  const settings = Object.hasOwn(snapshot.providers, provider) ? snapshot.providers[provider] : undefined
  if (!settings) return {}
  const { maxScopes, oneConsent } = settings
  const ofTools = snapshot.tools.flatMap(({ authorization: one }) => (one?.provider === provider ? one.scopes : []))
  return {
    ...(maxScopes ? { allowedScopes: maxScopes } : {}),
    ...(oneConsent ? { askScopes: [...new Set(ofTools)] } : {}),
  }
}
