import type { FixtureTool } from '../fixture/tools.ts'
import { tool } from './definitions.ts'
import type { Pair } from './kit.ts'
import { ask, count } from './kit.ts'
import { results } from './texts.ts'
import { secrets } from './values.ts'

const saying = (texts: readonly string[]): Record<string, FixtureTool> =>
  Object.fromEntries(
    texts.map((text, i) => [
      `t${i}`,
      tool('Reads a page.', { run: () => ({ content: [{ type: 'text', text }], structuredContent: { page: text } }) }),
    ]),
  )

const orders: Pair = {
  name: 'results that give orders or hide text',
  cases: [56, 65],
  async attack(kit) {
    const { client, names } = await kit.behind(saying(results.map(({ attack }) => attack)))
    const answers = await Promise.all(names.map((name) => ask(client, name)))
    return count(
      ...answers.map(({ text }) => text.startsWith('Notice of the gateway') || text.includes('[masked:hidden]')),
    )
  },
  async benign(kit) {
    const { client } = await kit.behind(saying(results.map(({ benign }) => benign)))
    const answers = await Promise.all(results.map((_, i) => ask(client, `t${i}`)))
    return count(...answers.map(({ text }, i) => text === results[i]?.benign))
  },
}

const leaks: Pair = {
  name: 'results with live secrets of somebody',
  cases: [58],
  async attack(kit) {
    const { client, names } = await kit.behind(saying(secrets.map(({ attack }) => attack)))
    const answers = await Promise.all(names.map((name) => ask(client, name)))
    return count(...answers.map(({ whole }) => whole.includes('[masked:secret]') && !/A9fK2mQ7xR4tZ8/i.test(whole)))
  },
  async benign(kit) {
    const { client } = await kit.behind(saying(secrets.map(({ benign }) => benign)))
    const answers = await Promise.all(secrets.map((_, i) => ask(client, `t${i}`)))
    return count(...answers.map(({ text }, i) => text === secrets[i]?.benign))
  },
}

/** What comes back from a server that was admitted in good faith, or that others write into. */
export const resultPairs: readonly Pair[] = [orders, leaks]
