import { env } from 'cloudflare:workers'
import type { GatewayId, ProjectId } from '../../src/core/ids.ts'
import type { GatewayDocument, Published } from '../../src/gateways/gateways.ts'
import { parseDocument, publish } from '../../src/gateways/gateways.ts'

let made = 0

/** A name nobody else in this file has. */
export const newName = (): string => `test-${++made}-${crypto.randomUUID().slice(0, 8)}`

export const testProject = 'test-project' as ProjectId

export function documentOf(name: string, more: Record<string, unknown> = {}): GatewayDocument {
  const parsed = parseDocument({ kind: 'Gateway', name, for: { everyone: true }, ...more })
  if (!parsed.ok) throw new Error(parsed.error.message)
  return parsed.value
}

export async function published(
  document: GatewayDocument,
  base: number | null,
  more: { project?: ProjectId; force?: boolean } = {},
): Promise<Published> {
  const result = await publish(env, { project: testProject, document, base, by: 'test', note: null, ...more })
  if (!result.ok) throw new Error(`${result.error.code} ${result.error.message}`)
  return result.value
}

/** A gateway at version 1, for everyone. */
export async function newGateway(
  more: Record<string, unknown> = {},
): Promise<{ name: string; gateway: GatewayId; document: GatewayDocument }> {
  const name = newName()
  const document = documentOf(name, more)
  const { gateway } = await published(document, null)
  return { name, gateway, document }
}
