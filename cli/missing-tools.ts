import { day, listCommand } from './list.ts'

type Report = { at: number; gateway: string | null; need: string | null; app: string | null; tried: string | null }

export const list = listCommand<Report>({
  path: '/tool-reports',
  help: 'What agents looked for and did not find, newest first. The words are theirs. --gateway: of one gateway only.',
  row: ({ at, gateway, need, app, tried }) => [
    day(at),
    gateway ?? '-',
    app ?? '-',
    need ?? '(erased)',
    tried === null ? '' : `searched: ${tried}`,
  ],
  empty: 'Nothing was reported.',
  filters: ['gateway'],
})
