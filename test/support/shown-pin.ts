import type { Pin } from '../../cli/pin-text.ts'

/** A definition as the API shows it to the command line: a tool that waits, with nothing found in it. */
export const shownPin = (more: Partial<Pin> = {}): Pin => ({
  kind: 'tool',
  name: 'send',
  status: 'quarantined',
  hash: 'h',
  countsAs: null,
  findings: [],
  definition: {},
  differences: [],
  differencesLeftOut: 0,
  ...more,
})
