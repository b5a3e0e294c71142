import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { parseDocument } from '../../src/gateways/gateways.ts'

const folder = join(import.meta.dirname, '../../examples/gateways')

describe('the example gateways', () => {
  it.each(readdirSync(folder))('%s is a valid document', (file) => {
    const document = parseDocument(parse(readFileSync(join(folder, file), 'utf8')))
    expect(document.ok ? [] : document.error.evidence).toEqual([])
  })
})
