import type { GatewayId, ProjectId } from './ids.ts'

/** What the front needs to know of a gateway before anybody is known: enough for challenges, metadata and sign-in. */
export type GatewayRoute = {
  project: ProjectId
  gateway: GatewayId
  slug: string
  title: string
  enabled: boolean
  version: number
  /** The URL the client typed, exactly: the OAuth resource (RFC 8707) and token audience. Path form or host form. */
  resource: string
  /** Every URL this gateway answers at. A token for one of them is for this gateway. */
  resources: readonly string[]
  signIn: {
    /** Our own OAuth server (with the company's identity provider behind it), or an app key with the user in a header. */
    modes: readonly ('oauth' | 'app_key')[]
    /** Id of the identity provider of the project. Null: the project's only one. */
    identityProvider: string | null
    /** Client ids whose users do not see our consent page. */
    trustedClients: readonly string[]
  }
}
