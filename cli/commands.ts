import type { Command } from './command.ts'

export type Row = { name: string; summary: string; load: () => Promise<{ command: Command }> }

/**
 * Every command. To add one: a file that exports `command`, and a row here. Names may have two words.
 * A file is loaded when its command runs, so that one is as fast as it can be.
 */
export const commands: readonly Row[] = [
  { name: 'plan', summary: 'Show what applying a gateway document would change', load: () => import('./plan.ts') },
  { name: 'apply', summary: 'Make a gateway document the live version', load: () => import('./apply.ts') },
  { name: 'gateways', summary: 'List gateways', load: () => import('./gateways.ts') },
  { name: 'schema', summary: 'Print the JSON Schema of the gateway document', load: () => import('./schema.ts') },
]
