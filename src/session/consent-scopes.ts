import type { Snapshot } from '../gateways/gateways.ts'
import type { ConsentScopes } from './credentials.ts'

type ProviderLimits = Snapshot['providers'][string]

/**
 * What a consent at this provider may and should ask for, by the gateway's document. Without `oneConsent` each tool asks for
 * its own scopes when it is first used.
 */
export function consentScopes(snapshot: Pick<Snapshot, 'providers' | 'tools'>, provider: string): ConsentScopes {
  const settings: Partial<ProviderLimits> | undefined = Object.hasOwn(snapshot.providers, provider)
    ? snapshot.providers[provider]
    : undefined
  if (!settings) return {}
  // A snapshot that was compiled before these settings existed has neither.
  const { maxScopes, oneConsent, accounts = [], serviceAccount = null } = settings
  const ofTools = snapshot.tools.flatMap(({ authorization: one }) => (one?.provider === provider ? one.scopes : []))
  return {
    ...(maxScopes ? { allowedScopes: maxScopes } : {}),
    ...(accounts.length > 0 ? { accounts } : {}),
    ...(serviceAccount === null ? {} : { serviceAccount }),
    ...(oneConsent ? { askScopes: [...new Set(ofTools)] } : {}),
  }
}
