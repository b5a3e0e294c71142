import { describe, expect, it } from 'vitest'
import type { Tool } from '../../src/core/tool.ts'
import { consentScopes } from '../../src/session/consent-scopes.ts'

const tool = (provider: string, scopes: string[]): Tool => ({
  name: 't',
  title: 't',
  description: '',
  inputSchema: {},
  behaviour: { operation: 'read', destructive: false, idempotent: true, openWorld: true },
  source: { kind: 'builtin' },
  authorization: { provider, scopes },
  secrets: [],
  sensitive: [],
  definitionHash: '',
})
const tools = [tool('github', ['repo']), tool('github', ['repo', 'read:org']), tool('slack', ['chat:write'])]

const none = { maxScopes: null, oneConsent: false, accounts: [], serviceAccount: null }

describe('what a consent asks for', () => {
  it('is left to each tool unless the gateway says otherwise', () => {
    expect(consentScopes({ providers: {}, tools }, 'github')).toEqual({})
    expect(consentScopes({ providers: {}, tools }, 'constructor')).toEqual({})
  })

  it('is what all tools of the gateway need there, when the administrator wants one consent', () => {
    const providers = { github: { ...none, oneConsent: true } }
    expect(consentScopes({ providers, tools }, 'github')).toEqual({ askScopes: ['repo', 'read:org'] })
  })

  it('stays within the cap', () => {
    const providers = { github: { ...none, maxScopes: ['repo'] } }
    expect(consentScopes({ providers, tools }, 'github')).toEqual({ allowedScopes: ['repo'] })
  })

  it('is for the accounts and the service account that the gateway names', () => {
    const github = { ...none, accounts: ['*@acme.test'], serviceAccount: 'reports' }
    expect(consentScopes({ providers: { github }, tools }, 'github')).toEqual({
      accounts: ['*@acme.test'],
      serviceAccount: 'reports',
    })
  })
})
