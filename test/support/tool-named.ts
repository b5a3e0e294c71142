import type { Tool } from '../../src/core/tool.ts'

export function toolNamed(name: string, more: Partial<Tool> = {}): Tool {
  return {
    name,
    title: name,
    description: `Says what ${name} says.`,
    inputSchema: { type: 'object', properties: { text: { type: 'string' } } },
    behaviour: { operation: 'read', destructive: false, idempotent: true, openWorld: false },
    source: { kind: 'builtin' },
    secrets: [],
    sensitive: [],
    definitionHash: name,
    ...more,
  }
}
