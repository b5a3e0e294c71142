import { documentJsonSchema } from '../src/gateways/document.ts'
import type { Command } from './command.ts'

export const command: Command = {
  usage: '',
  help: `For editors. In a document: # yaml-language-server: $schema=../../schemas/gateway.schema.json
The repository keeps it in schemas/gateway.schema.json.`,
  async run(_, { print, printJson }) {
    const schema = documentJsonSchema()
    print(JSON.stringify(schema, null, 2))
    printJson(schema)
  },
}
