import { describe, expect, it } from 'vitest'
import { csvHead, csvLine } from '../../../src/audit/read/csv.ts'
import type { EventView } from '../../../src/audit/read/event-view.ts'

const event = (more: Partial<EventView> = {}): EventView => ({
  id: 'e1',
  type: 'tool.outcome',
  at: 0,
  project: 'p',
  attributes: {},
  ledger: '0/p',
  sequence: 7,
  recordedAt: 1,
  payload: null,
  payloadState: 'none',
  ...more,
})

describe('a line of CSV (attack case 59)', () => {
  it('has every column, quoted', () => {
    expect(csvHead.split(',')).toHaveLength(15)
    expect(csvLine(event({ tool: 'A, "B"', user: 'u' }))).toBe(
      '"1970-01-01T00:00:00.000Z","tool.outcome","u","","","A, ""B""","","","","","e1","0/p","7","{}",""\r\n',
    )
  })

  it.each(['=cmd|calc', '+1', '-1', '@SUM(A1)', '\t=1', ' =1', '|x', '%x', '＝1+1', '＠x'])(
    'makes no formula of %j',
    (tool) => {
      const cell = csvLine(event({ tool })).split('","')[5] ?? ''
      expect(cell.startsWith("'")).toBe(true)
    },
  )

  it('lets nobody begin a new row or move the cursor', () => {
    const line = csvLine(event({ tool: 'a\r\nb\u001b[2J\u202ec', attributes: { x: 'y\nz' } }))
    for (const character of ['\r', '\n', '\u001b', '\u202e']) expect(line.trimEnd()).not.toContain(character)
  })
})
