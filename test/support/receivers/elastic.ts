import { answering, bodyOf, json, must, Trouble } from './receiver.ts'
import type { Receiver } from './receiver.ts'

/** Elasticsearch bulk API, `create` only: NDJSON that ends in a line break, one result for each action, 409 for a known id. */
export function elasticReceiver(apiKey: string) {
  const trouble = new Trouble()
  const documents = new Map<string, Record<string, unknown>>()
  const order: string[] = []
  /** Status of the next items, by their place. */
  const itemTrouble = new Map<number, number>()

  const receiver: Receiver = {
    ids: () => order,
    handle: (request) =>
      answering(async () => {
        const index = /^\/([a-z0-9._-]+)\/_bulk$/.exec(new URL(request.url).pathname)?.[1]
        must(index !== undefined, 404, {})
        must(request.headers.get('authorization') === `ApiKey ${apiKey}`, 401, {
          error: { type: 'security_exception' },
        })
        const down = trouble.take()
        if (down) return down
        must(request.headers.get('content-type') === 'application/x-ndjson', 406, {})
        const text = (await bodyOf(request)).toString()
        must(text.endsWith('\n'), 400, { error: { reason: 'The bulk request must be terminated by a newline [\\n]' } })
        const lines = text
          .slice(0, -1)
          .split('\n')
          .map((line) => JSON.parse(line) as Record<string, never>)
        const items = []
        for (let i = 0; i < lines.length; i += 2) items.push({ create: store(index, i / 2, lines[i], lines[i + 1]) })
        itemTrouble.clear()
        return json(200, { took: 1, errors: items.some(({ create }) => create.status >= 400), items })
      }),
  }

  function store(
    index: string,
    place: number,
    action?: { create?: { _id: string } },
    document?: Record<string, unknown>,
  ) {
    const id = action?.create?._id
    must(id !== undefined && document !== undefined, 400, { error: { reason: 'Malformed action/metadata line' } })
    const status = itemTrouble.get(place)
    if (status === 429) return { _index: index, _id: id, status, error: { type: 'es_rejected_execution_exception' } }
    if (status === 400) return { _index: index, _id: id, status, error: { type: 'document_parsing_exception' } }
    if (documents.has(id))
      return { _index: index, _id: id, status: 409, error: { type: 'version_conflict_engine_exception' } }
    must(!Number.isNaN(Date.parse(String(document['@timestamp']))), 400, { error: { reason: '@timestamp' } })
    documents.set(id, document)
    order.push(id)
    return { _index: index, _id: id, status: 201, result: 'created' }
  }
  return { ...receiver, trouble, documents, itemTrouble }
}
