import { Fault } from './command.ts'
import { readSettings } from './settings.ts'

/** `/admin/api/v1` of one deployment. A refusal is thrown as a `Fault` with the deployment's own words. */
export type AdminApi = {
  get<Reply = unknown>(path: string, query?: Readonly<Record<string, string | number | undefined>>): Promise<Reply>
  send<Reply = unknown>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<Reply>
  /** Every item of a list, page by page. */
  all<Item = unknown>(path: string, query?: Readonly<Record<string, string | number | undefined>>): AsyncGenerator<Item>
  /** A file or a live view, line by line as it comes, without the line breaks. */
  lines(path: string, query?: Readonly<Record<string, string | number | undefined>>): AsyncGenerator<string>
}

export type Problem = {
  title: string
  status: number
  detail?: string
  code?: string
  faults?: { path: string; message: string }[]
}

export class Refused extends Fault {
  readonly problem: Problem
  constructor(problem: Problem) {
    const { faults = [], title, detail = title } = problem
    const lines = faults.map(
      ({ path, message }) => `${path.replace(/^(body|params|query)\./, '') || 'document'}: ${message}`,
    )
    const repeated = faults.some(({ path, message }) => detail === `${path}: ${message}`)
    super(repeated ? lines.join('\n') : [detail, ...lines.map((line) => `  ${line}`)].join('\n'))
    this.problem = problem
  }
}

/** Nobody answered: it may be otherwise in a moment. */
export class Unreachable extends Fault {}

const timeoutMs = 30_000

export function createAdminApi(env: Readonly<Record<string, string | undefined>>): AdminApi {
  async function send(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    const { url, token } = readSettings(env)
    return fetch(`${url}/admin/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'error',
      ...(signal ? { signal } : {}),
    }).catch((cause: unknown) => {
      throw new Unreachable(
        `${url} cannot be reached (${reasonOf(cause)}). Is it running? BEHALF_URL says where to look.`,
      )
    })
  }
  async function call(method: string, path: string, body?: unknown): Promise<unknown> {
    return readAnswer(await send(method, path, body, AbortSignal.timeout(timeoutMs)), readSettings(env).url)
  }
  return {
    get: (path, query = {}) => call('GET', path + queryText(query)) as never,
    send: (method, path, body) => call(method, path, body) as never,
    async *all(path, query = {}) {
      let cursor: string | undefined
      do {
        const page = (await call('GET', path + queryText({ ...query, cursor }))) as {
          items: never[]
          nextCursor: string | null
        }
        yield* page.items
        cursor = page.nextCursor ?? undefined
      } while (cursor !== undefined)
    },
    async *lines(path, query = {}) {
      const response = await send('GET', path + queryText(query))
      if (!response.ok || response.body === null) await readAnswer(response, readSettings(env).url)
      else yield* linesOf(response.body)
    },
  }
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const part of body) {
    const lines = (rest + decoder.decode(part, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}

async function readAnswer(response: Response, url: string): Promise<unknown> {
  const type = response.headers.get('content-type') ?? ''
  if (!/^application\/(problem\+)?json/.test(type)) {
    throw new Fault(`${url} answered ${response.status} without JSON. Is BEHALF_URL the address of Behalf?`)
  }
  const value: unknown = await response.json()
  if (response.ok) return value
  if (response.status === 401)
    throw new Fault('The admin token is not accepted. BEHALF_ADMIN_TOKEN has to hold a valid one.')
  throw new Refused(value as Problem)
}

function queryText(query: Readonly<Record<string, string | number | undefined>>): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) params.set(name, String(value))
  return params.size > 0 ? `?${params.toString()}` : ''
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return cause.cause instanceof Error ? cause.cause.message || cause.message : cause.message
}
