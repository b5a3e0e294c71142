import { createHash } from 'node:crypto'

/** The same 32 bytes in every run, so that what one test file seals another opens. */
const testKey = (name: string): string => createHash('sha256').update(`behalf test ${name}`).digest('base64')

export const testAdminToken = 'test-admin-token'

/** Vars and secrets of the Worker under test. They cover every name in .dev.vars.example, so a local .dev.vars has no say. */
export const testVars = {
  BEHALF_PUBLIC_URL: 'https://behalf.test',
  BEHALF_KEK_ACTIVE: '1',
  BEHALF_KEK_1: testKey('kek'),
  BEHALF_STATE_KEY: testKey('state'),
  BEHALF_LEDGER_KEY: testKey('ledger'),
  BEHALF_ADMIN_TOKEN_SHA256: createHash('sha256').update(testAdminToken).digest('hex'),
  BEHALF_DEVELOPMENT: 'true',
  BEHALF_EGRESS_ALLOW: '',
}
