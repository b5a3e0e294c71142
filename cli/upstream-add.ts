import { Refused } from './admin-api.ts'
import type { Args, Command, Context } from './command.ts'
import { Fault, exitCodes, text } from './command.ts'
import type { Republished } from './left-out-text.ts'
import { leftOutLines } from './left-out-text.ts'
import { idOfUrl } from './upstream-id.ts'
import type { Settings, Stands } from './upstream-replaced.ts'
import { merged, replacedLines, sameAddress } from './upstream-replaced.ts'
import type { Look } from './upstream-text.ts'
import { lookLines, takesUs } from './upstream-text.ts'

export type Entry = { id: string; url: string; settings: Settings }

export const at = (id: string): string => `/upstreams/${encodeURIComponent(id)}`

export const add: Command = {
  usage:
    '[id] <url> [--header <name=template>...] [--title <text>] [--admit <additions,tools>] [--sign-in] [--provider <id>...] [--secret <name>...] [--replace] [--yes]',
  help: `Tries an MCP server, shows what it found, and adds it when you agree. Nothing of it is offered before you admit it.

<url>        alone: the name comes from its host, linear for https://mcp.linear.app/mcp.
--header     a credential that is the same for everybody, with the names of secrets in braces. May be given more than once.
--admit      what need not wait for you, where nothing at all is found in it: additions (new optional parameters), tools (new
             ones), both, or nothing (the default). A changed text always waits.
--sign-in    each user connects an account of theirs at the server (its own OAuth). Asked for when the server wants it.
--provider   of a tool Worker (worker:acme): its tools may use the person's account there. May be given more than once.
--secret     of a tool Worker: its tools get this secret. May be given more than once.
--replace    changes a server of that name that is there already. What you do not name stays as it is; credentials stay only
             while the server stays at its host.
--yes        adds it without asking.

Example: npm run behalf -- upstream add crm https://mcp.crm.example/mcp --header 'authorization=Bearer {CRM_KEY}'`,
  options: {
    header: { type: 'string', multiple: true },
    title: { type: 'string' },
    admit: { type: 'string' },
    'sign-in': { type: 'boolean' },
    provider: { type: 'string', multiple: true },
    secret: { type: 'string', multiple: true },
    replace: { type: 'boolean' },
    yes: { type: 'boolean' },
  },
  async run(args, context) {
    const [first = '', second] = args.positionals
    const [id, url] = second === undefined ? [idOfUrl(first), first] : [first, second]
    if (id === null) throw new Fault('<url> is missing, or say how to call it: <id> <url>.', exitCodes.usage)
    const entry = { id, url, settings: settingsOf(args) }
    context.printJson(await addOne(entry, await stands(id, context), args, context))
  },
}

/** What there is under this name. */
export async function stands(id: string, { api }: Context): Promise<Stands | null> {
  return api.get<Stands>(at(id)).catch((fault: unknown) => {
    if (fault instanceof Refused && fault.problem.status === 404) return null
    throw fault
  })
}

/** Shows what is there, and keeps it when the person agrees. */
export async function addOne(
  { id, url, settings: named }: Entry,
  before: Stands | null,
  { values }: Pick<Args, 'values'>,
  context: Context,
): Promise<{ id: string; url: string; look: Look }> {
  const settings = before ? merged(before, url, named) : named
  if (before) {
    const lines = replacedLines(before, url, settings)
    if (values['replace'] !== true) throw new Fault([...lines, '--replace does that.'].join('\n'))
    for (const line of lines) context.print(line)
    await agree(`Replace ${id}?`, values, context)
  }
  const look = await context.api.send<Look>('POST', '/upstreams/look', { url, settings })
  for (const line of lookLines(look)) context.print(line)
  await agree(`${before ? 'Save' : 'Add'} ${id}?`, values, context)
  const enabled = before?.enabled ?? true
  const wanted = { url, settings, enabled, replaces: before?.url ?? null }
  const saved = await context.api.send<{ republished: Republished[] }>('PUT', at(id), wanted)
  for (const line of leftOutLines(saved.republished)) context.print(line)
  const kind = settings.credentials?.kind ?? 'none'
  const setUp = kind === 'user' || kind === 'service' || kind === 'exchange'
  const wantsSignIn = values['sign-in'] === true || (!setUp && takesUs(look.authorization))
  if (wantsSignIn) await signIn(id, context)
  const isClosed = look.authorization !== null && !wantsSignIn && !setUp
  context.print(
    isClosed
      ? `${id} is kept. It offers nothing until it is told who calls: upstream add ${id} ${url} --replace, with --header or --sign-in.`
      : addedLine({ id, url, settings }, before, wantsSignIn && look.items.length === 0),
  )
  return { id, url, look }
}

async function signIn(id: string, { api, print }: Context): Promise<void> {
  const path = `${at(id)}/sign-in`
  const { issuer, provider } = await api
    .send<{ provider: string; issuer: string }>('POST', path, {})
    .catch((fault: unknown) => {
      if (!(fault instanceof Fault)) throw fault
      throw new Fault(`${id} is kept, but nobody can sign in there yet: ${fault.message}`)
    })
  print(`People sign in at ${issuer}; the provider is ${provider}.`)
}

function addedLine({ id, url, settings }: Entry, before: Stands | null, asPerson: boolean): string {
  if (before && sameAddress(before.url, url)) return `${id} is changed. What was admitted of it still is.`
  const done = `${id} is ${before ? 'replaced' : 'added'}.`
  if (settings.admit?.tools === true && !asPerson)
    return `${done} What nothing was found in is admitted: npm run behalf -- upstream pins ${id}`
  const next = asPerson ? `list-as ${id} <user>` : `admit ${id} --all`
  return `${done} Nothing of it is offered yet: npm run behalf -- upstream ${next}`
}

async function agree(question: string, values: Args['values'], context: Context): Promise<void> {
  if (values['yes'] !== true && !(await context.confirm(question))) throw new Fault('Nothing was added.')
}

function settingsOf({ values }: Args): Settings {
  const many = (name: string): string[] => (Array.isArray(values[name]) ? values[name].map(String) : [])
  const headers = many('header').map((one) => {
    const [name = '', ...rest] = one.split('=')
    if (rest.length === 0) throw new Fault(`--header ${one}: write name=template`, exitCodes.usage)
    return [name, rest.join('=')] as const
  })
  const title = text(values['title'])
  const admit = text(values['admit'])
  const allow = { providers: many('provider'), secrets: many('secret') }
  return {
    ...(title === undefined ? {} : { title }),
    ...(admit === undefined ? {} : { admit: admitOf(admit) }),
    ...(allow.providers.length + allow.secrets.length > 0 ? { allow } : {}),
    ...(headers.length > 0 ? { credentials: { kind: 'headers', headers: Object.fromEntries(headers) } } : {}),
  }
}

function admitOf(given: string): { additions: boolean; tools: boolean } {
  const words = given.split(',').map((word) => word.trim())
  const unknown = words.find((word) => !['additions', 'tools', 'nothing'].includes(word))
  if (unknown !== undefined || (words.includes('nothing') && words.length > 1)) {
    throw new Fault(`--admit ${given}: write additions, tools, additions,tools or nothing`, exitCodes.usage)
  }
  return { additions: words.includes('additions'), tools: words.includes('tools') }
}
