export type ImportTable = {
  /** Room to the rooms it may import. */
  rows: ReadonlyMap<string, ReadonlySet<string>>
  faults: readonly string[]
}

/**
 * Reads the markdown table `| room | owns | may import |`. A name that is no room is a fault, so that a typo never moves
 * a wall unnoticed, and so is a way for a room to reach itself.
 */
export function readImportTable(markdown: string): ImportTable {
  const lines = markdown.split('\n').map((line) => line.replaceAll('`', '').trim())
  const head = lines.findIndex((line) => /^\| *room *\|.*\| *may import *\|$/.test(line))
  if (head < 0) return { rows: new Map(), faults: ['docs/architecture.md: no table | room | owns | may import |'] }

  const rows = new Map<string, ReadonlySet<string>>()
  const faults: string[] = []
  for (const line of lines.slice(head + 2)) {
    if (!line.startsWith('|')) break
    const [room = '', , rooms = '', ...rest] = line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim())
    if (room === '' || rest.length > 0) faults.push(`docs/architecture.md: cannot read ${line}`)
    if (rows.has(room)) faults.push(`docs/architecture.md: ${room} has two rows`)
    rows.set(
      room,
      new Set(
        rooms
          .split(',')
          .map((name) => name.trim())
          .filter(Boolean),
      ),
    )
  }
  for (const [room, names] of rows) {
    for (const name of names) {
      if (!rows.has(name)) faults.push(`docs/architecture.md: ${room} may import "${name}", which is no room`)
    }
    if (reaches(rows, room, room, new Set()))
      faults.push(`docs/architecture.md: ${room} reaches itself through the table`)
  }
  return { rows, faults }
}

function reaches(rows: ImportTable['rows'], from: string, goal: string, seen: Set<string>): boolean {
  return [...(rows.get(from) ?? [])].some(
    (to) => to === goal || (!seen.has(to) && reaches(rows, to, goal, seen.add(to))),
  )
}
