import type { TestProject } from 'vitest/node'
import type { OAuthServer } from './oauth-server.ts'
import { startOAuthServer } from './oauth-server.ts'

export const oauthServerClient = { id: 'behalf', secret: 'CANARY-at-the-oauth-server' }
export const oauthServerCallback = 'https://behalf.test/connect/callback/real'

/** A real authorization server for tests that run in workerd, where the package cannot. */
let server: OAuthServer | undefined

export async function setup(project: TestProject): Promise<void> {
  server = await startOAuthServer({ clients: [{ ...oauthServerClient, redirectUri: oauthServerCallback }] })
  project.provide('oauthServer', server.issuer)
}

export async function teardown(): Promise<void> {
  await server?.close()
}

declare module 'vitest' {
  interface ProvidedContext {
    oauthServer: string
  }
}
