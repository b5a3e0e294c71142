import type { Command } from './command.ts'
import { upstreamCommands } from './upstream-commands.ts'

export type Row = { name: string; summary: string; load: () => Promise<{ command: Command }> }

/**
 * Every command. To add one: a file that exports it, and a row here. Names may have two words.
 * A file is loaded when its command runs, so that one is as fast as it can be.
 */
export const commands: readonly Row[] = [
  { name: 'plan', summary: 'Show what applying a gateway document would change', load: () => import('./plan.ts') },
  { name: 'apply', summary: 'Make a gateway document the live version', load: () => import('./apply.ts') },
  { name: 'gateways', summary: 'List gateways', load: async () => ({ command: (await import('./gateways.ts')).list }) },
  {
    name: 'gateways show',
    summary: 'How a gateway is doing, and what it does not offer',
    load: async () => ({ command: (await import('./gateways.ts')).show }),
  },
  {
    name: 'gateways versions',
    summary: 'List the versions of a gateway',
    load: async () => ({ command: (await import('./gateways.ts')).versions }),
  },
  {
    name: 'gateways diff',
    summary: 'Show what changed between two versions',
    load: async () => ({ command: (await import('./gateways.ts')).diff }),
  },
  {
    name: 'gateways rollback',
    summary: 'Make an earlier version live again',
    load: async () => ({ command: (await import('./gateways.ts')).rollback }),
  },
  {
    name: 'gateways disable',
    summary: 'Kill switch of a gateway',
    load: async () => ({ command: (await import('./gateways.ts')).disable }),
  },
  {
    name: 'gateways enable',
    summary: 'Take the kill switch back',
    load: async () => ({ command: (await import('./gateways.ts')).enable }),
  },
  {
    name: 'missing-tools',
    summary: 'List what agents looked for and did not find',
    load: async () => ({ command: (await import('./missing-tools.ts')).list }),
  },
  {
    name: 'sessions end',
    summary: 'End live sessions',
    load: async () => ({ command: (await import('./people.ts')).endSessions }),
  },
  { name: 'users', summary: 'List people', load: async () => ({ command: (await import('./people.ts')).listUsers }) },
  {
    name: 'users deactivate',
    summary: 'Offboard a person',
    load: async () => ({ command: (await import('./people.ts')).deactivate }),
  },
  {
    name: 'users activate',
    summary: 'Let a person in again',
    load: async () => ({ command: (await import('./people.ts')).activate }),
  },
  { name: 'agents', summary: 'List agents', load: async () => ({ command: (await import('./people.ts')).listAgents }) },
  {
    name: 'agents set',
    summary: 'Trust or disable an agent',
    load: async () => ({ command: (await import('./people.ts')).setAgent }),
  },
  { name: 'keys', summary: 'List keys', load: async () => ({ command: (await import('./keys.ts')).list }) },
  {
    name: 'keys create',
    summary: 'Make an admin token or an app key',
    load: async () => ({ command: (await import('./keys.ts')).create }),
  },
  { name: 'keys revoke', summary: 'Revoke a key', load: async () => ({ command: (await import('./keys.ts')).revoke }) },
  {
    name: 'idp',
    summary: 'List identity providers',
    load: async () => ({ command: (await import('./providers.ts')).listIdentity }),
  },
  {
    name: 'idp set',
    summary: 'Say where people sign in',
    load: async () => ({ command: (await import('./providers.ts')).setIdentity }),
  },
  {
    name: 'provider',
    summary: "List the company's OAuth applications",
    load: async () => ({ command: (await import('./providers.ts')).list }),
  },
  {
    name: 'provider set',
    summary: 'Say which OAuth application to use at a provider',
    load: async () => ({ command: (await import('./providers.ts')).set }),
  },
  ...upstreamCommands,
  {
    name: 'secret',
    summary: 'List the secrets of tools',
    load: async () => ({ command: (await import('./secrets.ts')).list }),
  },
  { name: 'secret set', summary: 'Set a secret', load: async () => ({ command: (await import('./secrets.ts')).set }) },
  {
    name: 'secret delete',
    summary: 'Forget a secret',
    load: async () => ({ command: (await import('./secrets.ts')).remove }),
  },
  {
    name: 'service-accounts add',
    summary: 'Add a service account',
    load: async () => ({ command: (await import('./service-accounts.ts')).add }),
  },
  {
    name: 'service-accounts credential',
    summary: "Set a service account's credential at a provider",
    load: async () => ({ command: (await import('./service-accounts.ts')).setCredential }),
  },
  {
    name: 'approvals',
    summary: 'List approvals',
    load: async () => ({ command: (await import('./approvals.ts')).list }),
  },
  {
    name: 'approvals approve',
    summary: 'Approve a call in place of its approvers',
    load: async () => ({ command: (await import('./approvals.ts')).approve }),
  },
  {
    name: 'approvals reject',
    summary: 'Reject a call',
    load: async () => ({ command: (await import('./approvals.ts')).reject }),
  },
  {
    name: 'events',
    summary: 'Show what happened',
    load: async () => ({ command: (await import('./events.ts')).list }),
  },
  {
    name: 'events export',
    summary: 'Write events to standard output as NDJSON or CSV',
    load: async () => ({ command: (await import('./events.ts')).exportAll }),
  },
  {
    name: 'call',
    summary: 'Tell the whole story of one call',
    load: async () => ({ command: (await import('./events.ts')).story }),
  },
  {
    name: 'ledger',
    summary: 'Show how long the record is and its signed head',
    load: async () => ({ command: (await import('./ledger.ts')).show }),
  },
  {
    name: 'ledger export',
    summary: 'Write the record to a file that proves itself',
    load: async () => ({ command: (await import('./ledger.ts')).exportRecord }),
  },
  {
    name: 'ledger verify',
    summary: 'Check such a file, offline',
    load: () => import('./ledger-verify.ts'),
  },
  {
    name: 'ledger erase',
    summary: 'Destroy the key of a person',
    load: async () => ({ command: (await import('./ledger.ts')).erase }),
  },
  {
    name: 'retention',
    summary: 'Show how long the record is kept and where it lies',
    load: async () => ({ command: (await import('./retention.ts')).show }),
  },
  {
    name: 'retention set',
    summary: 'Say how long the record is kept',
    load: async () => ({ command: (await import('./retention.ts')).set }),
  },
  {
    name: 'retention run',
    summary: 'Move to the archive what is due now',
    load: async () => ({ command: (await import('./retention.ts')).run }),
  },
  {
    name: 'sink',
    summary: 'List where the record is sent',
    load: async () => ({ command: (await import('./sink.ts')).list }),
  },
  {
    name: 'sink set',
    summary: 'Set up a sink or change it',
    load: async () => ({ command: (await import('./sink.ts')).set }),
  },
  {
    name: 'sink test',
    summary: 'Send one made-up event and show the answer',
    load: async () => ({ command: (await import('./sink.ts')).test }),
  },
  {
    name: 'sink delete',
    summary: 'Stop sending to a sink',
    load: async () => ({ command: (await import('./sink.ts')).remove }),
  },
  {
    name: 'sink dead-letters',
    summary: 'Show what a receiver refused, or send it again',
    load: async () => ({ command: (await import('./sink.ts')).deadLetters }),
  },
  {
    name: 'users erase',
    summary: 'Erase a person for good',
    load: async () => ({ command: (await import('./vault.ts')).erase }),
  },
  {
    name: 'connections',
    summary: "List people's accounts at providers",
    load: async () => ({ command: (await import('./connections.ts')).list }),
  },
  {
    name: 'connections revoke',
    summary: 'Take connections back',
    load: async () => ({ command: (await import('./connections.ts')).revoke }),
  },
  {
    name: 'vault rotate',
    summary: 'Put every key under the active key-encryption key',
    load: async () => ({ command: (await import('./vault.ts')).rotate }),
  },
  {
    name: 'vault restore',
    summary: 'Rebuild vaults that lost their storage',
    load: async () => ({ command: (await import('./vault.ts')).restore }),
  },
  {
    name: 'vault recovery-key',
    summary: 'Make a recovery key',
    load: async () => ({ command: (await import('./vault.ts')).recoveryKey }),
  },
  { name: 'schema', summary: 'Print the JSON Schema of the gateway document', load: () => import('./schema.ts') },
  { name: 'me', summary: 'Show whose token this is', load: () => import('./me.ts') },
  { name: 'policy test', summary: 'Run the tests of rules', load: () => import('./policy-test.ts') },
  { name: 'policy explain', summary: 'Say what would be decided, and why', load: () => import('./policy-explain.ts') },
  { name: 'policy who-can', summary: 'List who can call a tool', load: () => import('./policy-who-can.ts') },
  { name: 'policy simulate', summary: 'Try draft rules on recorded calls', load: () => import('./policy-simulate.ts') },
  { name: 'policy analyse', summary: 'Look for rules that are a mistake', load: () => import('./policy-analyse.ts') },
  {
    name: 'policy export-cedar',
    summary: 'Write rules as Cedar policies',
    load: () => import('./policy-export-cedar.ts'),
  },
  {
    name: 'policy import-cedar',
    summary: 'Read Cedar policies as rules',
    load: () => import('./policy-import-cedar.ts'),
  },
]
