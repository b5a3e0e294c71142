import type { Row } from './commands.ts'

/** The commands about other people's servers. */
export const upstreamCommands: readonly Row[] = [
  {
    name: 'upstream',
    summary: 'List MCP servers',
    load: async () => ({ command: (await import('./upstream.ts')).list }),
  },
  {
    name: 'upstream show',
    summary: 'How a server is doing, and who uses it',
    load: async () => ({ command: (await import('./upstream-show.ts')).show }),
  },
  {
    name: 'upstream add',
    summary: 'Try an MCP server and add it',
    load: async () => ({ command: (await import('./upstream-add.ts')).add }),
  },
  {
    name: 'upstream import',
    summary: 'Add the servers of a server.json or an mcp.json',
    load: async () => ({ command: (await import('./upstream-import.ts')).importFile }),
  },
  {
    name: 'upstream pins',
    summary: 'Show what a server offers and what changed',
    load: async () => ({ command: (await import('./upstream.ts')).pins }),
  },
  {
    name: 'upstream admit',
    summary: 'Admit what a server offers',
    load: async () => ({ command: (await import('./upstream.ts')).admit }),
  },
  {
    name: 'upstream hold',
    summary: 'Take what a server offers out of use',
    load: async () => ({ command: (await import('./upstream.ts')).hold }),
  },
  {
    name: 'upstream service',
    summary: 'Call a server as a service account',
    load: async () => ({ command: (await import('./upstream.ts')).service }),
  },
  {
    name: 'upstream list-as',
    summary: "Read a server's lists with a user's grant",
    load: async () => ({ command: (await import('./upstream.ts')).listAs }),
  },
  {
    name: 'upstream sync',
    summary: 'Ask a server again what it offers',
    load: async () => ({ command: (await import('./upstream.ts')).sync }),
  },
  {
    name: 'upstream remove',
    summary: 'Remove a server',
    load: async () => ({ command: (await import('./upstream.ts')).remove }),
  },
]
