import type { Command } from './command.ts'
import { day, listCommand } from './list.ts'

type Secret = { name: string; updatedAt: number; updatedBy: string }

export const list = listCommand<Secret>({
  path: '/secrets',
  help: 'Names of the secrets that tools may use. Their values are never shown.',
  row: ({ name, updatedAt, updatedBy }) => [name, day(updatedAt), updatedBy],
  empty: 'There are no secrets.',
})

export const set: Command = {
  usage: '<name>',
  help: `Reads the value from standard input, so that it stands in no shell history.
Example: npm run behalf -- secret set SEARCH_API_KEY < key.txt`,
  async run({ positionals: [name = ''] }, context) {
    const value = await context.readSecret(`The value of ${name}`)
    context.printJson(await context.api.send('PUT', `/secrets/${encodeURIComponent(name)}`, { value }))
    context.print(`${name} is set.`)
  },
}

export const remove: Command = {
  usage: '<name>',
  help: 'Tools that need it are refused from then on.',
  async run({ positionals: [name = ''] }, context) {
    context.printJson(await context.api.send('DELETE', `/secrets/${encodeURIComponent(name)}`))
    context.print(`${name} is gone.`)
  },
}
