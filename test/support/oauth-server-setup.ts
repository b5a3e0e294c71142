import type { TestProject } from 'vitest/node'
import { startOAuthServer } from './oauth-server.ts'

export const oauthServerClient = { id: 'behalf', secret: 'CANARY-at-the-oauth-server' }
export const oauthServerCallback = 'https://behalf.test/connect/callback/real'

/** A real authorization server for tests that run in workerd, where the package cannot. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startOAuthServer({ clients: [{ ...oauthServerClient, redirectUri: oauthServerCallback }] })
  project.provide('oauthServer', server.issuer)
  return () => server.close()
}

declare module 'vitest' {
  interface ProvidedContext {
    oauthServer: string
  }
}
