import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { main } from '../../cli/main.ts'

const root = join(import.meta.dirname, '../..')
const claims = join(root, 'examples/policy/claims.yaml')
const folder = mkdtempSync(join(tmpdir(), 'behalf-policy-'))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function policy(...argv: string[]) {
  const seen = { out: '', err: '' }
  const terminal = {
    env: {},
    stdout: (text: string) => void (seen.out += text),
    stderr: (text: string) => void (seen.err += text),
    stdin: () => '',
    ask: () => Promise.resolve(''),
    interactive: false,
  }
  return { code: await main(['policy', ...argv], terminal), ...seen }
}

function file(name: string, text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'behalf-policy-')), name)
  writeFileSync(path, text)
  return path
}

const rules = `
kind: RuleTests
rules:
  user:
    - { id: all, effect: permit }
  agent:
    - { id: any, effect: permit }
`

describe('behalf policy test', () => {
  it('passes and counts', async () => {
    expect(await policy('test', claims)).toMatchObject({
      code: 0,
      out: expect.stringContaining('11 of 11 pass') as string,
    })
  })

  it('fails with the name of the test and the reason, also for programs', async () => {
    const failing = file(
      'failing.yaml',
      `${rules}cases:\n  - { name: nobody may, given: { tool: A_x }, expect: deny }\n`,
    )
    expect(await policy('test', failing)).toMatchObject({
      code: 1,
      out: expect.stringContaining('nobody may\n    expected deny, got permit. Permitted by all, any.') as string,
    })
    const { out } = await policy('test', failing, '--json')
    expect(JSON.parse(out)).toMatchObject([{ results: [{ name: 'nobody may', ok: false }] }])
  })

  it('tests the rules of a gateway document, with its tools', async () => {
    const document = file(
      'gateway.yaml',
      `kind: Gateway
name: eng
for: { everyone: true }
tools: [{ toolkit: GitHub }]
rules:
  user: [{ id: reads, effect: permit, tools: { operations: [read] } }]
  agent: [{ id: any, effect: permit }]
  tests:
    cases:
      - { name: reads, given: { tool: GitHub_WhoAmI }, expect: permit }
      - { name: no writes, given: { tool: GitHub_CreateIssue }, expect: deny }
`,
    )
    expect(await policy('test', document)).toMatchObject({ code: 0, out: 'eng: 2 of 2 pass\n' })
    const beside = file('tests.yaml', `kind: RuleTests\ngateway: ${document}\ncases: []\n`)
    await expect(policy('test', beside)).resolves.toMatchObject({
      out: expect.stringContaining('eng: 0 of 0') as string,
    })
  })

  it('shows a mistake where it stands', async () => {
    const wrong = file('wrong.yaml', `${rules}cases:\n  - name: x\n    given: { tol: A_x }\n    expect: deny\n`)
    const { code, err } = await policy('test', wrong)
    expect(code).toBe(1)
    expect(err).toContain('wrong.yaml:9')
    expect(err).toContain('Unrecognized key: "tol"')
  })
})

describe('behalf policy explain', () => {
  const ask = (...more: string[]) => policy('explain', claims, '--user', 'alice', '--agent', 'desk', ...more)

  it('says why not, and what would change it', async () => {
    const { code, out } = await ask('--tool', 'Claims_ProcessClaim', '--arguments', '{"claim_id":"C-1","amount":900}')
    expect(code).toBe(0)
    expect(out).toContain('Denied by status-first')
    expect(out).toContain('status-first forbids it, because not after')
    expect(out).toContain('it is "0 such steps". That alone decides.')
  })

  it('takes taint and steps', async () => {
    const injection = join(root, 'examples/policy/injection.yaml')
    const mail = ['--user', 'alice', '--tool', 'Mail_Send']
    expect((await policy('explain', injection, ...mail)).out).toContain('Permitted')
    expect((await policy('explain', injection, ...mail, '--taint', 'untrusted:tool')).out).toContain('Denied')
    expect((await policy('explain', injection, ...mail, '--after', 'Files_ReadPrivate')).out).toContain('Denied')
  })

  it('takes steps with their arguments, and whatever else a test may give', async () => {
    const large = ['--tool', 'Claims_ProcessClaim', '--arguments', '{"claim_id":"C-1","amount":90000}']
    const looked = ['--after', 'Claims_GetClaimStatus {"claim_id":"C-1"}']
    expect((await ask(...large, '--after', 'Claims_GetClaimStatus {"claim_id":"C-2"}')).out).toContain('Denied')
    expect((await ask(...large, ...looked)).out).toContain('Waits for an approval by large-claims-need-a-lead')
    const given = ['--given', '{"approved":["large-claims-need-a-lead"]}']
    expect((await ask(...large, ...looked, ...given)).out).toContain('Permitted')
    const failed = '{"tool":"Claims_GetClaimStatus","arguments":{"claim_id":"C-1"},"outcome":"failed"}'
    expect((await ask(...large, '--after', failed, ...given)).out).toContain('Denied by status-first')
    expect(await ask(...large, '--after', 'x {')).toMatchObject({ code: 2, err: '--after has to be JSON.\n' })
  })

  it('says what is wrong with the question', async () => {
    expect(await ask()).toMatchObject({ code: 2, err: '--tool is missing.\n' })
    expect(await ask('--tool', 'x', '--arguments', '{')).toMatchObject({ code: 2 })
    expect(await ask('--tool', 'x', '--arguments', '[]')).toMatchObject({
      code: 2,
      err: 'arguments: Arguments are an object.\n',
    })
    expect(await ask('--tool', 'x', '--at', 'noon')).toMatchObject({ code: 2 })
  })
})

describe('behalf policy who-can and analyse', () => {
  it('lists people, agents and rules', async () => {
    const { out } = await policy('who-can', claims, 'Claims_GetClaimStatus')
    expect(out.trim().split(/\s*\n\s*/)).toEqual([
      'alice  desk  always  adjusters-work-on-claims, the-claims-desk',
      'lena   desk  always  leads-do-everything, the-claims-desk',
    ])
    expect((await policy('who-can', claims, 'Claims_DenyClaim')).out).toBe('Nobody.\n')
  })

  it('finds mistakes, and says so by its exit code when asked', async () => {
    const when = '{ argument: amount, gt: 5, lt: 5 }'
    const wrong = file('wrong.yaml', `${rules}    - { id: r, effect: forbid, when: ${when} }\ntools: { A_x: {} }\n`)
    expect(await policy('analyse', wrong, '--exit-code')).toMatchObject({
      code: 1,
      out: expect.stringContaining('rule r: Its condition contradicts itself') as string,
    })
    expect(await policy('analyse', claims, '--exit-code')).toMatchObject({ code: 0 })
  })
})

describe('behalf policy export-cedar and import-cedar', () => {
  it('writes files that come back, and names what was left out', async () => {
    const sales = join(root, 'examples/policy/sales.yaml')
    const { code, err } = await policy('export-cedar', sales, '--out', folder, '--exit-code')
    expect(code).toBe(1)
    expect(err).toContain('Left out: fifty-recipients-a-day. Cedar has no word for counting.')
    expect(readFileSync(join(folder, 'user.cedar'), 'utf8')).toContain('@id("nothing-is-deleted")\nforbid (')
    const { out } = await policy('import-cedar', join(folder, 'user.cedar'), '--agent', join(folder, 'agent.cedar'))
    expect(out).toContain('id: nothing-is-deleted')
    expect(out).toContain('id: trusted-agents')
  })

  it('refuses Cedar that has no equivalent', async () => {
    const cedar = file('x.cedar', '@id("odd") permit (principal, action, resource) when { resource.secret == 1 };')
    expect(await policy('import-cedar', cedar)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^odd: /) as string,
    })
  })
})
