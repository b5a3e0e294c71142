import { createHash } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { devVarsFiles, ensureDevVars, withHosts } from '../../scripts/lib/dev-vars.ts'
import { readConfig } from '../../src/config/config.ts'

function folder() {
  const path = mkdtempSync(join(tmpdir(), 'behalf-vars-'))
  const files = { example: join(path, 'example'), vars: join(path, 'vars'), adminToken: join(path, 'state/token') }
  copyFileSync(devVarsFiles.example, files.example)
  return { path, files, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

const read = (path: string): string => readFileSync(path, 'utf8')
const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8)

it('writes what the Worker accepts, with keys of its own, readable by the owner only', () => {
  using one = folder()
  using two = folder()
  const first = ensureDevVars({}, one.files)
  const second = ensureDevVars({}, two.files)
  expect(readConfig(first.vars)).toMatchObject({ ok: true })
  for (const name of ['BEHALF_KEK_1', 'BEHALF_STATE_KEY', 'BEHALF_LEDGER_KEY']) {
    expect(first.vars[name]).not.toBe(second.vars[name])
  }
  expect(first.adminToken).not.toBe(second.adminToken)
  const hash = createHash('sha256').update(first.adminToken).digest('hex')
  expect(first.vars['BEHALF_ADMIN_TOKEN_SHA256']).toBe(hash)
  expect(read(one.files.vars)).not.toContain(first.adminToken)
  expect([mode(one.files.vars), mode(one.files.adminToken)]).toEqual(['600', '600'])
  expect(readdirSync(one.path).toSorted()).toEqual(['example', 'state', 'vars'])
})

it('changes nothing the second time', () => {
  using place = folder()
  const first = ensureDevVars({}, place.files)
  const text = read(place.files.vars)
  expect(ensureDevVars({}, place.files)).toEqual(first)
  expect(read(place.files.vars)).toBe(text)
})

it('keeps a file that is there and fills in what is missing or blank', () => {
  using place = folder()
  const kek = Buffer.alloc(32, 7).toString('base64')
  writeFileSync(place.files.vars, `# mine\nBEHALF_KEK_1="${kek}"\nBEHALF_STATE_KEY=\nOTHER="kept"`)
  const { vars } = ensureDevVars({}, place.files)
  expect(vars).toMatchObject({ BEHALF_KEK_1: kek, OTHER: 'kept' })
  expect(readConfig(vars)).toMatchObject({ ok: true })
  expect(read(place.files.vars)).toMatch(/^# mine\n/)
})

it('puts what the caller sets in place of what was there', () => {
  using place = folder()
  ensureDevVars({}, place.files)
  const { vars } = ensureDevVars({ BEHALF_PUBLIC_URL: 'http://localhost:4100', BEHALF_EGRESS_ALLOW: '$1' }, place.files)
  expect(vars).toMatchObject({ BEHALF_PUBLIC_URL: 'http://localhost:4100', BEHALF_EGRESS_ALLOW: '$1' })
  expect(read(place.files.vars).match(/^BEHALF_PUBLIC_URL=/gm)).toHaveLength(1)
})

it('refuses a value that would break out of its line', () => {
  using place = folder()
  expect(() => ensureDevVars({ BEHALF_EGRESS_ALLOW: 'a"\nBEHALF_DEVELOPMENT="x' }, place.files)).toThrow(/cannot hold/)
})

it('keeps the hosts that a person allowed, and no port of an earlier run', () => {
  expect(withHosts('crm.internal, localhost:8801,10.0.0.1:8443', ['localhost:9801', 'crm.internal'])).toBe(
    'crm.internal,10.0.0.1:8443,localhost:9801',
  )
  expect(withHosts(undefined, [])).toBe('')
})
