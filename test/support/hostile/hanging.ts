import type { Client } from '@modelcontextprotocol/client'
import { tool } from './definitions.ts'
import type { Kit, Pair } from './kit.ts'
import { ask, count, namesOf } from './kit.ts'

const timeoutMs = 3_000

type Silence = {
  client: Client
  /** Settles when a request has come to a server that answers nothing. */
  arrived: Promise<void>
  answerAgain: () => void
}

/** `works` answers. `waits` and `hurries` answer nothing once they were added, and `hurries` has a time limit. */
async function besideSilence(kit: Kit): Promise<Silence> {
  const arrived = Promise.withResolvers<void>()
  const answering = Promise.withResolvers<void>()
  let silent = false
  const before = async (): Promise<null> => {
    if (!silent) return null
    arrived.resolve()
    await answering.promise
    return null
  }
  const gateway = kit.name()
  const add = async (name: string, more: { before?: typeof before; timeoutMs?: number }): Promise<string> => {
    const { before: hang, ...settings } = more
    const fixture = await kit.fixture({ tools: { [name]: tool('Does it.') }, ...(hang && { before: hang }) })
    const id = `${gateway}-${name}`
    await kit.add(id, fixture.mcp, settings)
    await kit.world.cli('upstream', 'admit', id, '--all')
    return id
  }
  const ids = [await add('works', {}), await add('waits', { before }), await add('hurries', { before, timeoutMs })]
  await kit.world.addGateway(gateway, { tools: ids.map((upstream) => ({ upstream, prefix: '' })) })
  const client = await kit.connect(gateway)
  silent = true
  const answerAgain = (): void => {
    silent = false
    answering.resolve()
  }
  return { client, arrived: arrived.promise, answerAgain }
}

const hanging: Pair = {
  name: 'a server whose answer never comes, beside others',
  cases: [66],
  async attack(kit) {
    const { client, arrived, answerAgain } = await besideSilence(kit)
    let settled = false
    const waits = ask(client, 'waits').finally(() => (settled = true))
    await arrived
    const others = await Promise.all(Array.from({ length: 5 }, () => ask(client, 'works')))
    const names = await namesOf(client)
    const stillWaits = !settled
    const { isError, text } = await ask(client, 'hurries')
    answerAgain()
    await waits
    return count(
      ...others.map((one) => one.text === 'done'),
      names.includes('works'),
      stillWaits,
      isError && text.includes('did not answer in time'),
    )
  },
  async benign(kit) {
    const { client, arrived, answerAgain } = await besideSilence(kit)
    const waits = ask(client, 'waits')
    await arrived
    answerAgain()
    const later = ['waits', 'works'].map((name) => ask(client, name))
    return count(...(await Promise.all([waits, ...later])).map(({ text }) => text === 'done'))
  },
}

export const hangingPairs: readonly Pair[] = [hanging]
