import { z } from 'zod'
import { isToolWorker } from '../core/tool-worker.ts'
import type { JsonObject } from '../core/json.ts'
import type { Behaviour, Tool } from '../core/tool.ts'
import type { SourceTool } from './offer.ts'
import type { UpstreamSource } from './upstream-tools.ts'
import { suggestBehaviour } from './suggest-behaviour.ts'
import { settingsOf } from './upstream-tools.ts'
import { withAccount } from './with-account.ts'

const name = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/)
const object = z.record(z.string(), z.json())
const behaviour = z.strictObject({
  operation: z.enum(['read', 'create', 'update', 'delete']),
  destructive: z.boolean(),
  idempotent: z.boolean(),
  openWorld: z.boolean(),
})

/** As the kit describes a tool. What it declares counts once an administrator has admitted it. */
export const workerToolSchema = z.strictObject({
  name,
  title: z.string().min(1).max(200),
  description: z.string().max(20_000),
  inputSchema: object,
  outputSchema: object.optional(),
  behaviour,
  authorization: z
    .strictObject({
      provider: z.string().regex(/^[a-z0-9][a-z0-9_.:-]{0,63}$/),
      scopes: z.array(z.string().min(1).max(300)).max(100),
    })
    .optional(),
  secrets: z.array(z.string().regex(/^[A-Za-z0-9_]{1,64}$/)).max(20),
  sensitive: z.array(z.string().max(300)).max(100),
  revision: z.string().regex(/^[\w-]{1,64}$/),
})

export type WorkerToolDefinition = z.output<typeof workerToolSchema>

export const workerListingSchema = z.strictObject({
  kind: z.literal('behalf-tool-worker'),
  version: z.literal(1),
  title: z.string().min(1).max(100),
  tools: z.array(workerToolSchema).max(1_000),
})

/** Admitted tools of a tool Worker, less those that ask for a credential or a secret that nobody allowed this Worker. */
export function workerTools(source: UpstreamSource): SourceTool[] {
  if (!source.enabled || !isToolWorker(source.url)) return []
  const { allow } = settingsOf(source)
  return source.pins.flatMap((pin) => {
    const parsed = workerToolSchema.safeParse(pin.definition)
    if (pin.kind !== 'tool' || pin.status !== 'admitted' || !parsed.success) return []
    const { data } = parsed
    return notAllowed(data, allow).length > 0 ? [] : [sourceTool(source.id, pin, data)]
  })
}

/** What a definition asks for beyond what this Worker may have. */
export function notAllowed(
  { authorization, secrets }: WorkerToolDefinition,
  allow: { providers: readonly string[]; secrets: readonly string[] },
): string[] {
  const provider = authorization && !allow.providers.includes(authorization.provider) ? [authorization.provider] : []
  return [
    ...provider.map((one) => `provider ${one}`),
    ...secrets.filter((one) => !allow.secrets.includes(one)).map((one) => `secret ${one}`),
  ]
}

/** What an administrator is asked to agree to: of the company's own Worker what it declares, of anybody else's server a guess. */
export function proposedBehaviour(url: string, toolName: string, definition: JsonObject): Behaviour {
  const declared = isToolWorker(url) ? workerToolSchema.safeParse(definition) : null
  return declared?.success ? declared.data.behaviour : suggestBehaviour(toolName, definition)
}

function sourceTool(id: string, pin: UpstreamSource['pins'][number], data: WorkerToolDefinition): SourceTool {
  const { revision, inputSchema, outputSchema, authorization, ...rest } = data
  const withChoice = authorization ? withAccount(inputSchema as JsonObject) : null
  const tool: Tool = {
    ...rest,
    inputSchema: withChoice ?? (inputSchema as JsonObject),
    ...(outputSchema ? { outputSchema: outputSchema as JsonObject } : {}),
    ...(authorization
      ? { authorization: { ...authorization, ...(withChoice ? { takesAccount: true as const } : {}) } }
      : {}),
    // An administrator may know better than its maker.
    behaviour: pin.behaviour ?? data.behaviour,
    source: { kind: 'worker', binding: id, remoteName: data.name, revision },
    definitionHash: pin.hash,
  }
  return { localName: data.name, tool }
}
