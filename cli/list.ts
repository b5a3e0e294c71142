import type { Command, Context } from './command.ts'
import { text } from './command.ts'
import { aligned } from './main.ts'

export type List<Item> = {
  path: string
  help: string
  /** What a person sees of an item, in columns. */
  row: (item: Item) => string[]
  /** Said when there is nothing. */
  empty: string
  /** Options that go into the query as they are. */
  filters?: readonly string[]
}

/** A command that lists everything at a path of the admin API. */
export function listCommand<Item>({ path, help, row, empty, filters = [] }: List<Item>): Command {
  return {
    usage: filters.map((name) => `[--${name} <${name}>]`).join(' '),
    help,
    options: Object.fromEntries(filters.map((name) => [name, { type: 'string' as const }])),
    async run({ values }, context) {
      const query = Object.fromEntries(filters.map((name) => [name, text(values[name])]))
      const items = await collect<Item>(context, path, query)
      context.printJson(items)
      if (items.length === 0) context.print(empty)
      for (const line of aligned(items.map(row))) context.print(line)
    },
  }
}

async function collect<Item>(
  { api }: Context,
  path: string,
  query: Readonly<Record<string, string | undefined>>,
): Promise<Item[]> {
  const items: Item[] = []
  for await (const one of api.all<Item>(path, query)) items.push(one)
  return items
}

export const day = (at: number | null): string => (at === null ? '-' : new Date(at).toISOString().slice(0, 16))
