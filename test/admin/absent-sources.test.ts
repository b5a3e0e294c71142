import { expect, it } from 'vitest'
import { absentSources } from '../../src/admin/absent-sources.ts'

it('names the servers of a document that were removed or switched off since', () => {
  const sources = [
    { id: 'crm', enabled: true },
    { id: 'acme', enabled: false },
  ]
  const selections = [{ upstream: 'crm' }, { upstream: 'gone' }, { worker: 'acme' }, {}]
  expect(absentSources(selections, sources)).toEqual([
    { path: 'tools[1]', message: 'there is no server gone any more; add it, or take it out' },
    { path: 'tools[2]', message: 'acme is switched off' },
  ])
})
