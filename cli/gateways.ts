import type { Command } from './command.ts'
import { aligned } from './main.ts'

type Gateway = { name: string; version: number; enabled: boolean; updatedAt: number }

export const command: Command = {
  usage: '',
  help: 'Name, live version, whether it is switched on, and when it last changed.',
  async run(_, { api, print, printJson }) {
    const gateways: Gateway[] = []
    for await (const one of api.all<Gateway>('/gateways')) gateways.push(one)
    printJson(gateways)
    if (gateways.length === 0) print('There are no gateways. Apply a document: npm run behalf -- apply <file>')
    for (const line of aligned(gateways.map(rowOf))) print(line)
  },
}

const rowOf = ({ name, version, enabled, updatedAt }: Gateway): string[] => [
  name,
  `version ${version}`,
  enabled ? 'on' : 'OFF',
  new Date(updatedAt).toISOString(),
]
