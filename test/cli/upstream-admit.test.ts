import { describe, expect, it } from 'vitest'
import type { Context } from '../../cli/command.ts'
import { admit } from '../../cli/upstream.ts'

const found = (...severities: string[]) =>
  severities.map((severity) => ({ kind: 'markup', severity, path: 'description', what: 'x', excerpt: 'x' }))
const pins = Object.entries({ clean: [], noticed: found('notice'), dangerous: found('notice', 'danger') }).map(
  ([name, findings]) => ({ kind: 'tool', name, status: 'quarantined', hash: name, findings, differences: [] }),
)

async function admitted(names: string[], values: Record<string, boolean> = {}): Promise<string[]> {
  let sent: { name: string }[] = []
  const context = {
    api: {
      async *all() {
        yield* pins
      },
      send: async (_method: string, _path: string, body: { decisions: { name: string }[] }) => {
        sent = body.decisions
        return { decided: sent.length, republished: [], outstanding: [] }
      },
    },
    print: () => {},
    printJson: () => {},
    note: () => {},
  } as unknown as Context
  await admit.run({ positionals: ['crm', ...names], values }, context)
  return sent.map(({ name }) => name)
}

describe('admitting', () => {
  it('all takes that in which nothing was found, not even a notice', async () => {
    expect(await admitted([], { all: true })).toEqual(['clean'])
    expect(await admitted([], { all: true, 'with-findings': true })).toEqual(['clean', 'noticed', 'dangerous'])
  })

  it('wants to know what', async () => {
    await expect(admitted([])).rejects.toThrow('Name what to admit, or say --all.')
  })

  it('by name takes a notice, and a danger only when told to', async () => {
    expect(await admitted(['noticed', 'dangerous'])).toEqual(['noticed'])
    expect(await admitted(['dangerous'], { 'with-findings': true })).toEqual(['dangerous'])
    expect(await admitted(['noticed'], { all: true })).toEqual(['clean', 'noticed'])
  })
})
