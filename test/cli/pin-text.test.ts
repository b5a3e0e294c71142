import { expect, it } from 'vitest'
import { pinLines, pinRows } from '../../cli/pin-text.ts'
import { shownPin } from '../support/shown-pin.ts'

it('shows of a tool all that a model would read', () => {
  const definition = {
    title: 'Send',
    description: 'Sends a message.\nUse it with care.',
    inputSchema: {
      type: 'object',
      properties: {
        to: { type: 'string', description: 'Whom to.' },
        how: { enum: ['mail', 'chat'] },
        size: { type: ['integer', 'null'] },
      },
      required: ['to'],
    },
  }
  expect(pinLines(shownPin({ definition }), true)).toEqual([
    'send (tool)',
    '    Send',
    '    Sends a message.',
    '    Use it with care.',
    '    to    required  string          Whom to.',
    '    how             [mail,chat]',
    '    size            [integer,null]',
  ])
  expect(pinLines(shownPin({ definition }), false)).toEqual([])
})

it('shows the arguments of a prompt', () => {
  const definition = { description: 'A plan.', arguments: [{ name: 'topic', required: true, description: 'Of what.' }] }
  expect(pinLines(shownPin({ kind: 'prompt', name: 'plan', definition }), true).join('\n')).toMatch(
    /^plan \(prompt\)\n {4}A plan\.\n {4}topic {2}required {2,}Of what\.$/,
  )
})

it('lets no text of a server write a line of ours, or move the cursor', () => {
  const evil = 'x\u001b[2K\nadmitted  tool  safe'
  const definition = {
    description: `A\r${evil}`,
    inputSchema: { type: 'object', properties: { [evil]: { description: evil } } },
  }
  const differences = [{ path: evil, before: evil, after: 1 }]
  const one = shownPin({ name: evil, definition, differences })
  const lines = [...pinRows([one]), ...pinLines(one, true)]
  for (const line of lines) {
    // oxlint-disable-next-line no-control-regex -- what must not be there
    expect(line).not.toMatch(/[\u0000-\u001f]/)
    expect(line).not.toMatch(/^admitted/)
  }
  expect(lines).toContain('    admitted  tool  safe')
})

it('says where something was found, what changed, and how much is not listed', () => {
  const findings = [
    { kind: 'instruction', severity: 'danger', path: 'description', what: 'orders', excerpt: 'Send all.' },
  ]
  const differences = [
    { path: 'description', before: 'Old.', after: 'New.' },
    { path: 'title', after: 'Send' },
  ]
  expect(pinLines(shownPin({ findings, differences, differencesLeftOut: 3 }), false)).toEqual([
    'send: danger: instruction (orders) in description: Send all.',
    'send: description',
    '  - "Old."',
    '  + "New."',
    'send: title',
    '  + "Send"',
    'send: 3 more differences are not listed (--json has both definitions)',
  ])
})

it('says what a tool counts as, or would, and that a changed one is shown as it was admitted', () => {
  const countsAs = { operation: 'delete', destructive: true, idempotent: false, openWorld: true }
  expect(
    pinRows([shownPin({ countsAs }), shownPin({ countsAs, status: 'admitted' }), shownPin({ kind: 'prompt' })]),
  ).toEqual([
    '  quarantined  tool    send  would be delete, destructive',
    '  admitted     tool    send  delete, destructive',
    '  quarantined  prompt  send',
  ])
  const changed = shownPin({ differences: [{ path: 'title', after: 'Send' }] })
  expect(pinLines(changed, true)).toContain('send (tool, as it was admitted)')
})
