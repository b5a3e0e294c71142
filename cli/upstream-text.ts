import { plainLine } from '../src/audit/neutralise.ts'
import { isToolWorker } from '../src/core/tool-worker.ts'
import { signInFault } from '../src/federation/sign-in-fault.ts'
import { eraText } from './health-text.ts'
import { aligned } from './main.ts'

export type Behaviour = { operation: string; destructive: boolean; idempotent: boolean; openWorld: boolean }
export type Finding = { kind: string; severity: string; path: string; what: string; excerpt: string }
type Authorization = {
  issuer: string
  scopes: string[]
  authorizationEndpoint: string | null
  registrationEndpoint: string | null
  clientIdMetadataDocument: boolean
  assumed: boolean
}
export type Look = {
  url: string
  discovered: { transport: string; era: string; serverName?: string } | null
  authorization: Authorization | { error: string } | null
  items: { kind: string; name: string; behaviour: Behaviour | null; description: string; findings: Finding[] }[]
}

/** What `upstream add` shows before anything is saved. */
export function lookLines({ url, discovered, authorization, items }: Look): string[] {
  const spoken = isToolWorker(url)
    ? 'a tool Worker'
    : discovered &&
      `MCP ${eraText(discovered.era)}${discovered.transport === 'sse' ? ', event stream (deprecated)' : ''}`
  const name = discovered?.serverName === undefined ? '' : ` as ${discovered.serverName}`
  const rows = items.map((one) => [
    `  ${one.kind}`,
    one.name,
    behaviourText(one.behaviour),
    one.findings.length > 0 ? `${one.findings.length} found` : '',
    firstLine(one.description),
  ])
  const found = items.flatMap((one) => findingLines(one.findings).map((line) => `  ${one.name}: ${line}`))
  return [
    `${url} answers${name}${spoken ? `: ${spoken}` : ''}.`,
    ...signInLines(authorization),
    ...(items.length > 0 ? [`It offers ${items.length}:`, ...aligned(rows)] : []),
    ...(found.length > 0 ? ['Found in it:', ...found] : []),
  ].map(plainLine)
}

function signInLines(authorization: Look['authorization']): string[] {
  if (authorization === null) return []
  if ('error' in authorization)
    return [`It wants a sign-in, but does not say how in a way that holds: ${signInFault(authorization.error)}.`]
  if (authorization.assumed) {
    return [
      'It answers only to somebody it knows, and does not say how it wants to know them.',
      "If it takes a key: --header 'authorization=Bearer {NAME_OF_THE_SECRET}'. If people sign in, as in MCP 2025-03-26: --sign-in.",
    ]
  }
  const scopes = authorization.scopes.length > 0 ? `, asking for ${authorization.scopes.join(' ')}` : ''
  if (authorization.authorizationEndpoint === null) {
    return [`It wants a service to sign in at ${authorization.issuer}${scopes}: use upstream service.`]
  }
  return [`It wants people to sign in at ${authorization.issuer}${scopes}. What it offers is not known before that.`]
}

/** Whether people can be sent there without anybody registering us by hand first. */
export function takesUs(authorization: Look['authorization']): boolean {
  if (authorization === null || 'error' in authorization || authorization.authorizationEndpoint === null) return false
  if (authorization.assumed) return false
  return authorization.registrationEndpoint !== null || authorization.clientIdMetadataDocument
}

export function behaviourText(behaviour: Behaviour | null): string {
  if (behaviour === null) return ''
  return `${behaviour.operation}${behaviour.destructive ? ', destructive' : ''}`
}

export function findingLines(findings: readonly Finding[]): string[] {
  return findings.map((one) => `${one.severity}: ${one.kind} (${one.what}) in ${one.path}: ${firstLine(one.excerpt)}`)
}

function firstLine(text: string): string {
  const line = text.split('\n')[0] ?? ''
  return line.length > 70 ? `${line.slice(0, 69)}…` : line
}
