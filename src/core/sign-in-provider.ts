const prefix = 'sign-in:'

/**
 * Under this provider a person's vault holds what their sign-in at one of the company's identity providers gave: the ID token,
 * and a refresh token where there is one. No provider that an administrator sets up has such an id.
 */
export const signInProvider = (identityProvider: string): string => `${prefix}${identityProvider}`

/** Id of the identity provider. Null: another provider. */
export const identityProviderOf = (provider: string): string | null =>
  provider.startsWith(prefix) ? provider.slice(prefix.length) : null

/** What a sign-in gave. `expiresAt`: of the ID token, epoch ms. `subject`: its `sub`. */
export type SignInCredential = {
  identityProvider: string
  subject: string
  label: string
  idToken: string
  refreshToken: string | null
  expiresAt: number
}
