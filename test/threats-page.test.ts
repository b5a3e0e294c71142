import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { root } from '../scripts/lib/root.ts'

const kit = readdirSync(join(root, 'test/support/hostile')).map((name) => `test/support/hostile/${name}`)
const page = readFileSync(join(root, 'docs/threats.md'), 'utf8')
const rows = page.split('\n').filter((line) => /^\| (?!#|case|record|---)/.test(line))

/** Files in a cell: a name without a folder is in the folder of the one before it. */
function filesIn(cell: string): string[] {
  let folder = ''
  return [...cell.matchAll(/`([\w./-]+\.(?:ts|yaml))`/g)].map(([, name = '']) => {
    const path = name.includes('/') ? name : join(folder, name)
    folder = dirname(path)
    return path
  })
}

it.each(rows.map((row) => [row.split('|')[1]?.trim() ?? '', row] as const))(
  '%s names tests that are there',
  (_, row) => {
    const cell = row.split('|').at(-2) ?? ''
    const files = filesIn(cell)
    // The names that this command prints stand in the kit.
    if (cell.includes('`npm run attacks`')) files.push(...kit)
    expect(files).not.toEqual([])
    for (const file of files) expect([file, existsSync(join(root, file))]).toEqual([file, true])
    const text = files.map((file) => readFileSync(join(root, file), 'utf8').replaceAll("\\'", "'")).join('\n')
    const quoted = [...cell.matchAll(/"([^"]+)"/g)].flatMap(([, words = '']) =>
      words.split('...').map((part) => part.trim()),
    )
    for (const words of quoted) expect(text).toContain(words)
  },
)

it('has every case about tokens, sessions and consent, in order', () => {
  const cases = rows.map((row) => Number(row.split('|')[1])).filter((number) => number > 0)
  expect(cases).toEqual([22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 38, 39, 40, 41, 42, 43, 44])
})
