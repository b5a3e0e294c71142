import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readDocuments } from '../../cli/document-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'behalf-test-'))
let files = 0

function file(text: string): string {
  const path = join(folder, `${++files}.yaml`)
  writeFileSync(path, text)
  return path
}

const minimal = 'kind: Gateway\nname: eng\n'

describe('a gateway file', () => {
  it('may be YAML or JSON, and hold several documents', () => {
    expect(readDocuments([file(`${minimal}---\nkind: Gateway\nname: ops\n`)]).map((one) => one.document.name)).toEqual([
      'eng',
      'ops',
    ])
    expect(readDocuments([file('{"kind":"Gateway","name":"eng"}')])).toHaveLength(1)
  })

  it('shows a mistake with its line', () => {
    const path = file(
      `${minimal}tools:\n  - toolkit: GitHub\n    inlcude: [x]\n  - toolkit: GitHub\n    prefix: "a b"\n`,
    )
    expect(() => readDocuments([path])).toThrow(
      new RegExp(`${path}:4: tools\\[0\\]: Unrecognized key.*\\n.*:7: tools\\[1\\].prefix: use`),
    )
  })

  it('is refused when its YAML is wrong, says a key twice, or is empty', () => {
    expect(() => readDocuments([file(`${minimal}for: [`)])).toThrow(/yaml:3: /)
    expect(() => readDocuments([file(`${minimal}name: other\n`)])).toThrow(/unique/i)
    expect(() => readDocuments([file('')])).toThrow('no document')
    expect(() => readDocuments([join(folder, 'missing.yaml')])).toThrow('cannot be read')
  })

  it('is refused when two describe one gateway', () => {
    expect(() => readDocuments([file(minimal), file(minimal)])).toThrow('eng is described twice')
  })

  it('cannot be made to grow without end', () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) => `a${i + 1}: &a${i + 1} [*a${i},*a${i},*a${i},*a${i},*a${i},*a${i}]`,
    )
    expect(() => readDocuments([file(`${minimal}a0: &a0 [x]\n${levels.join('\n')}\n`)])).toThrow(/alias/i)
  })
})
