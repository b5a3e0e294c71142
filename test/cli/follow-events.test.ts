import { describe, expect, it } from 'vitest'
import { Unreachable } from '../../cli/admin-api.ts'
import { Fault } from '../../cli/command.ts'
import { follow } from '../../cli/follow-events.ts'

const shown = (sequence: number): string[] => [`id: ${sequence}`, 'event: x', `data: {"sequence":${sequence}}`, '']

type Connection = { lines: string[]; ends?: Error }

/** A deployment whose connections give these lines, and end or break. */
function deployment(...connections: Connection[]) {
  const asked: unknown[] = []
  const paused: number[] = []
  const notes: string[] = []
  const use = {
    api: {
      async *lines(_: string, query: object = {}) {
        asked.push(query)
        const { lines, ends } = connections.shift() ?? { lines: [], ends: new Fault('The token is not accepted.') }
        yield* lines
        if (ends) throw ends
      },
    },
    note: (text: string) => void notes.push(text),
    pause: async (failures: number) => void paused.push(failures),
  }
  return { use, asked, paused, notes }
}

/** Every sequence until the last connection refuses the token. */
async function sequences(use: Parameters<typeof follow>[0], after: number): Promise<number[]> {
  const found: number[] = []
  const all = async (): Promise<void> => {
    for await (const { sequence } of follow(use, { tool: 'A' }, after)) found.push(sequence)
  }
  await expect(all()).rejects.toThrow('The token is not accepted.')
  return found
}

describe('behalf events --follow', () => {
  it('shows each event once and goes on where a connection ended, also when nothing passed the filter for long', async () => {
    const { use, asked } = deployment(
      { lines: ['id: 4', '', ...shown(5), ...shown(7), 'id: 7', ''] },
      { lines: [...shown(7), 'id: 900', ''] },
      { lines: shown(901) },
    )
    expect(await sequences(use, 4)).toEqual([5, 7, 901])
    expect(asked).toMatchObject([{ tool: 'A', after: 4 }, { after: 7 }, { after: 899 }, { after: 901 }])
  })

  it('waits longer each time nobody answers, and ends when the token is refused', async () => {
    const gone = { lines: [], ends: new Unreachable('gone') }
    const cut = { lines: ['id: 1', '', ...shown(2).slice(0, 2)], ends: new TypeError('terminated') }
    const { use, paused, notes, asked } = deployment(gone, gone, cut, { lines: shown(2) })
    expect(await sequences(use, 1)).toEqual([2])
    expect(paused).toEqual([1, 2, 1, 0])
    expect(notes).toHaveLength(3)
    expect(asked[3]).toMatchObject({ after: 1 })
  })
})
