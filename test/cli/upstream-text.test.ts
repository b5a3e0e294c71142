import { expect, it } from 'vitest'
import { lookLines } from '../../cli/upstream-text.ts'
import { scanJson } from '../../src/screening/screening.ts'

it('what a server says of itself acts on no terminal, and shows what nobody would see', () => {
  const evil = 'x\u001b]8;;https://evil.example\u0007\u202e'
  const schema = { properties: { [evil]: { type: 'string', enum: ['a\u200bb'] } } }
  const lines = lookLines({
    url: 'https://mcp.example/mcp',
    discovered: { transport: 'http', era: 'modern', serverName: evil },
    authorization: { error: evil },
    items: [{ kind: 'tool', name: evil, behaviour: null, description: evil, findings: scanJson(schema) }],
  })
  const text = lines.join('\n')
  // oxlint-disable-next-line no-control-regex -- what it looks for
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u202e]/)
  expect(text).toContain('⟨U+200B⟩')
  expect(text).toContain('enum[0]')
})
