import type { Behaviour, Tool } from '../core/tool.ts'
import { upstreamOf } from '../core/tool.ts'
import type { Question } from './decision.ts'

type Asked = Pick<Question, 'tool' | 'kind'>

/** What a question says of a tool, a resource or a prompt. One place, so that lists, calls and checks ask the same. */
export const askedTool = ({ name, source, behaviour, authorization }: Tool): Asked & { kind: 'tool' } => ({
  kind: 'tool',
  tool: {
    name,
    toolkit: source.kind === 'toolkit' ? source.toolkit : null,
    upstream: upstreamOf(source),
    behaviour,
    scopes: authorization?.scopes ?? [],
  },
})

/** A resource goes by its URI. Reading one changes nothing. */
export const askedResource = ({ uri, upstream }: { uri: string; upstream: string }): Asked & { kind: 'resource' } => ({
  kind: 'resource',
  tool: { name: uri, toolkit: null, upstream, behaviour: reading, scopes: [] },
})

export const askedPrompt = ({ name, upstream }: { name: string; upstream: string }): Asked & { kind: 'prompt' } => ({
  kind: 'prompt',
  tool: { name, toolkit: null, upstream, behaviour: reading, scopes: [] },
})

/** What it says comes from outside, and a URI can carry something there. */
export const reading: Behaviour = { operation: 'read', destructive: false, idempotent: true, openWorld: true }
