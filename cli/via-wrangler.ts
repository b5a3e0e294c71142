import { userInfo } from 'node:os'
import type { Pin, UpstreamSource } from '../src/catalog/catalog.ts'
import type { GatewayId, ProjectId } from '../src/core/ids.ts'
import { uuidv7 } from '../src/core/ids.ts'
import type { Json } from '../src/core/json.ts'
import { diff } from '../src/gateways/diff.ts'
import type { GatewayDocument } from '../src/gateways/document.ts'
import { parseDocument } from '../src/gateways/document.ts'
import { documentHash } from '../src/gateways/hash.ts'
import { ruleWarnings } from '../src/gateways/check-rules.ts'
import type { Snapshot } from '../src/gateways/snapshot.ts'
import { compileSnapshot } from '../src/gateways/snapshot.ts'
import { versionStatements } from '../src/gateways/version-statements.ts'
import { Fault } from './command.ts'
import type { GatewayTarget } from './gateway-target.ts'
import { Refused } from './admin-api.ts'
import type { D1Target } from './wrangler-d1.ts'
import { batch, query } from './wrangler-d1.ts'

type Live = { id: string; version: number; document: string; document_hash: string }

/**
 * The same as the admin API does, with the same code and the same two statements, by `wrangler d1 execute`. The gateway's Hub
 * finds the new version when it looks at D1, checks it once more and hands it to the live sessions.
 */
export function wranglerTarget({ project, ...d1 }: D1Target & { project: string }): GatewayTarget {
  // Each look at D1 starts wrangler once more, so what plan saw is kept. The statements themselves refuse an old base.
  const seen = new Map<string, Live | null>()
  return {
    async plan(document) {
      const live = await readLive(d1, project, document.name)
      seen.set(document.name, live)
      const { tools, ...offered } = await compile(d1, project, document, live)
      const warnings = ruleWarnings(document.rules, { tools, ...offered })
      const differences = diff(
        live ? (storedDocument(live) as unknown as Json) : undefined,
        document as unknown as Json,
      )
      const action = live === null ? 'create' : differences.length > 0 ? 'update' : 'none'
      return {
        action,
        name: document.name,
        base: live?.version ?? null,
        differences,
        tools: tools.map((tool) => tool.name),
        warnings,
      }
    },
    async apply(document, base, note) {
      const live = seen.get(document.name) ?? null
      if ((live?.version ?? null) !== base) throw conflict(document.name, live?.version ?? null)
      const now = Date.now()
      const hash = await documentHash(document)
      const gateway = live?.id ?? uuidv7(now)
      const by = `wrangler:${userInfo().username}`
      await batch(d1, versionStatements({ project, gateway, document, documentHash: hash, base, now, by, note }))
      const after = await readLive(d1, project, document.name)
      const version = (base ?? 0) + 1
      if (after?.version !== version || after.document_hash !== hash)
        throw conflict(document.name, after?.version ?? null)
      return { name: document.name, version, changed: true, pending: null }
    },
  }
}

async function readLive(d1: D1Target, project: string, name: string): Promise<Live | null> {
  const [row] = await query<Live>(d1, {
    sql: `SELECT g.id, g.version, v.document, v.document_hash FROM gateways g JOIN gateway_versions v
ON v.project = g.project AND v.gateway = g.id AND v.version = g.version WHERE g.project = ? AND g.slug = ?`,
    values: [project, name],
  })
  return row ?? null
}

/** As it would be read today: what has a default since then has it. */
function storedDocument({ document }: Live): GatewayDocument {
  const parsed = parseDocument(JSON.parse(document))
  if (!parsed.ok) throw new Fault(`The live version cannot be read: ${parsed.error.message}`)
  return parsed.value
}

async function compile(d1: D1Target, project: string, document: GatewayDocument, live: Live | null): Promise<Snapshot> {
  const upstreams = document.tools.some((one) => one.upstream !== undefined) ? await readUpstreams(d1, project) : []
  const of = {
    project: project as ProjectId,
    gateway: (live?.id ?? '') as GatewayId,
    version: (live?.version ?? 0) + 1,
  }
  const compiled = await compileSnapshot(document, { upstreams }, of, { strict: true })
  if (compiled.ok) return compiled.value
  const faults = (compiled.error.evidence?.['faults'] ?? []) as { path: string; message: string }[]
  throw new Refused({ title: 'The gateway document is not valid.', status: 422, code: compiled.error.code, faults })
}

type PinRow = Omit<Pin, 'definition' | 'behaviour'> & { upstream: string; definition: string; behaviour: string | null }
type UpstreamRow = { id: string; url: string; enabled: number; settings: string; discovered: string | null }

async function readUpstreams(d1: D1Target, project: string): Promise<UpstreamSource[]> {
  const rows = await query<UpstreamRow>(d1, {
    sql: 'SELECT id, url, enabled, settings, discovered FROM upstreams WHERE project = ?',
    values: [project],
  })
  const pins = await query<PinRow>(d1, {
    sql: 'SELECT upstream, kind, name, hash, definition, behaviour, status FROM tool_pins WHERE project = ?',
    values: [project],
  })
  return rows.map(({ id, url, enabled, settings, discovered }) => ({
    id,
    url,
    enabled: enabled === 1,
    settings: JSON.parse(settings) as unknown,
    discovered: discovered === null ? null : (JSON.parse(discovered) as unknown),
    pins: pins
      .filter((pin) => pin.upstream === id)
      .map((pin): Pin => ({
        ...pin,
        definition: JSON.parse(pin.definition) as unknown,
        behaviour: pin.behaviour === null ? null : (JSON.parse(pin.behaviour) as Pin['behaviour']),
      })),
  }))
}

function conflict(name: string, current: number | null): Fault {
  const what = current === null ? 'is not there' : `is at version ${current} now`
  return new Fault(`${name} ${what}: somebody else changed it, or the name is taken. Plan again.`)
}
