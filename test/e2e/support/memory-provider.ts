import type { OAuthClientInformationFull, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js'

/** What an MCP client keeps of its sign-in, in memory. Fits the clients of both SDKs. */
export function createMemoryProvider(redirectUrl: string) {
  let information: OAuthClientInformationFull | undefined
  let tokens: OAuthTokens | undefined
  let verifier = ''
  let link: URL | undefined
  return {
    redirectUrl,
    clientMetadata: {
      client_name: 'Journey',
      redirect_uris: [redirectUrl],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    },
    clientInformation: () => information,
    saveClientInformation: (made: unknown) => {
      information = made as OAuthClientInformationFull
    },
    tokens: () => tokens,
    saveTokens: (made: unknown) => {
      tokens = made as OAuthTokens
    },
    redirectToAuthorization: (url: URL) => {
      link = url
    },
    saveCodeVerifier: (made: string) => {
      verifier = made
    },
    codeVerifier: () => verifier,
    /** Where the client sends the person. */
    link(): URL {
      if (!link) throw new Error('the client sent nobody anywhere')
      return link
    },
  }
}
