import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Context } from '../../cli/command.ts'
import { setCredential } from '../../cli/service-accounts.ts'

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })

async function sent(stdin: string, values: Record<string, string | boolean>) {
  const bodies: unknown[] = []
  const context = {
    api: {
      send: async (_method: string, _path: string, body: unknown) => (bodies.push(body), { id: 'c1', label: 'l' }),
    },
    readSecret: async () => stdin,
    print: () => {},
    printJson: () => {},
  } as unknown as Context
  await setCredential.run({ positionals: ['bot', 'github'], values }, context)
  return bodies[0] as { scopes: string[]; credential: Record<string, string> }
}

describe('the private key of a GitHub App', () => {
  const app = { 'jwt-bearer': true, issuer: 'Iv23-app', subject: '12345678' }

  it('is taken as GitHub hands it out, and narrowed as the line says', async () => {
    const pem = pair.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()
    const more = { repositories: 'web-shop, docs', scopes: 'contents:read,issues:write' }
    const { scopes, credential } = await sent(pem, { ...app, ...more })
    expect(scopes).toEqual(['contents:read', 'issues:write'])
    const { privateKey = '', ...rest } = credential
    expect(rest).toEqual({
      kind: 'jwt_bearer',
      issuer: 'Iv23-app',
      subject: '12345678',
      repositories: ['web-shop', 'docs'],
    })
    expect(privateKey).toMatch(/^-----BEGIN PRIVATE KEY-----\n/)
    expect(createPublicKey(privateKey).equals(pair.publicKey)).toBe(true)
  })

  it('is refused before anything is sent when it is none, or has a passphrase', async () => {
    const locked = pair.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
    for (const pem of ['not a key', locked.toString()]) {
      await expect(sent(pem, app)).rejects.toThrow('no private key in PEM')
    }
  })
})
