import type { JsonObject } from '../core/json.ts'
import type { ListReply } from '../session/session.ts'
import type { PlainRequest } from './plain-request.ts'
import type { Turn } from './turn.ts'
import { SERVER_INFO_META_KEY } from '@modelcontextprotocol/server'
import { concat, utf8 } from '../core/bytes.ts'
import { listTtlMs, serverInfo } from './build-server.ts'
import { principal } from './principal.ts'
import { Remembered } from '../core/remembered.ts'
import { toWireTool } from './to-wire.ts'

type PlainList = Extract<PlainRequest, { method: 'tools/list' }>

/** The wire text of whole lists, by mark and era. The mark is a digest of the list, so it is right for whoever has the mark. */
const texts = new Remembered<Uint8Array<ArrayBuffer>>(32)
/** The mark of the list that this caller got last. */
const marks = new Remembered<string>(5_000)

/** The body of an answer to `tools/list`; null when the session did not give a list, which is in `turn.made` then. */
export async function listBody(turn: Turn, plain: PlainList): Promise<Uint8Array<ArrayBuffer> | null> {
  const { features, cursor } = plain
  const whose = JSON.stringify([...principal(turn.caller), features.era, cursor])
  const known = marks.get(whose)
  const kept = known === undefined ? undefined : texts.get(textKey(known, features.era))
  const asked = turn.session.listTools({
    caller: turn.caller,
    features,
    ...(cursor !== undefined && { cursor }),
    ...(known !== undefined && kept && { known }),
  })
  let reply: ListReply | undefined
  try {
    reply = await asked
  } catch {
    // The other lane meets the same fault, logs it and says it.
  }
  if (!reply?.ok) {
    turn.made = { list: asked }
    return null
  }
  const { mark } = reply
  const text = reply.unchanged ? kept : utf8(JSON.stringify(reply.tools.map((tool) => toWireTool(tool, features.era))))
  if (text === undefined || (reply.unchanged && mark !== known))
    throw new Error('the session left out a list that was not known')
  if (mark !== undefined) {
    texts.set(textKey(mark, features.era), text)
    marks.set(whose, mark)
  }
  return around(text, turn, plain, reply.nextCursor)
}

const textKey = (mark: string, era: string): string => `${era} ${mark}`

function around(
  text: Uint8Array,
  turn: Turn,
  { id, features }: PlainList,
  nextCursor: string | undefined,
): Uint8Array<ArrayBuffer> {
  const rest: JsonObject = {
    ...(nextCursor !== undefined && { nextCursor }),
    ...(features.era === 'modern' && {
      resultType: 'complete',
      ttlMs: listTtlMs,
      cacheScope: 'private',
      _meta: { [SERVER_INFO_META_KEY]: serverInfo(turn) },
    }),
  }
  const after = JSON.stringify(rest).slice(1)
  const before = utf8(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"tools":`)
  return concat(before, text, utf8(after === '}' ? '}}' : `,${after}}`))
}
