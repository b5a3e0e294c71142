import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import type { GatewayId, ProjectId } from '../src/core/ids.ts'
import { isObject } from '../src/core/json.ts'
import type { GatewayDocument } from '../src/gateways/document.ts'
import { pathText } from '../src/gateways/document.ts'
import { compileSnapshot } from '../src/gateways/snapshot.ts'
import type { KnownTools, RulesDocument, RuleTests } from '../src/policy/policy.ts'
import { askedPrompt, askedResource, askedTool, ruleTestsSchema, rulesSchema } from '../src/policy/policy.ts'
import type { Tool } from '../src/core/tool.ts'
import { Fault } from './command.ts'
import { asGateway } from './document-file.ts'
import type { YamlDocument } from './yaml-file.ts'
import { readYaml } from './yaml-file.ts'

/** Rules, their tests, and the tools they are about, from one document of a file. */
export type Policy = {
  /** Of the gateway, or of the file. */
  name: string
  rules: RulesDocument
  tests: RuleTests
  /** The gateway's own tools. Those of servers are known to a deployment only. */
  known: KnownTools
  schemas: ReadonlyMap<string, Tool['inputSchema']>
}

/** Tests beside a gateway's document, or with rules of their own to try something out. */
const testFileSchema = ruleTestsSchema
  .extend({ kind: z.literal('RuleTests'), gateway: z.string().min(1).optional(), rules: rulesSchema.optional() })
  .refine((file) => (file.gateway === undefined) !== (file.rules === undefined), {
    error: 'Say gateway (a file with the document) or rules.',
  })

export async function readPolicies(files: readonly string[]): Promise<Policy[]> {
  const policies: Policy[] = []
  for (const file of files) for (const one of readYaml(file)) policies.push(await readPolicy(file, one))
  return policies
}

async function readPolicy(file: string, yaml: YamlDocument): Promise<Policy> {
  if (!isObject(yaml.value) || yaml.value['kind'] !== 'RuleTests') return ofGateway(asGateway(yaml).document)
  const parsed = testFileSchema.safeParse(yaml.value)
  if (!parsed.success) {
    throw new Fault(
      yaml.explain(parsed.error.issues.map((issue) => ({ path: pathText(issue.path), message: issue.message }))),
    )
  }
  const { kind: _, gateway, rules, ...tests } = parsed.data
  if (rules !== undefined) return { name: file, rules, tests, known: new Map(), schemas: new Map() }
  const [document] = readYaml(resolve(dirname(file), gateway ?? ''))
  if (document === undefined) throw new Fault(`${file}: ${gateway} holds no gateway.`)
  return { ...(await ofGateway(asGateway(document).document)), tests }
}

async function ofGateway(document: GatewayDocument): Promise<Policy> {
  const nowhere = { project: '' as ProjectId, gateway: '' as GatewayId, version: 1 }
  const compiled = await compileSnapshot(document, { upstreams: [] }, nowhere, { strict: false })
  if (!compiled.ok) throw new Fault(compiled.error.message ?? 'The gateway document is not valid.')
  const { tools, prompts, resources } = compiled.value
  const asked = [...tools.map(askedTool), ...prompts.map(askedPrompt), ...resources.map(askedResource)]
  return {
    name: document.name,
    rules: document.rules,
    tests: document.rules.tests ?? { cases: [] },
    known: new Map(asked.map(({ kind, tool }) => [tool.name, { ...tool, kind }])),
    schemas: new Map(tools.map(({ name, inputSchema }) => [name, inputSchema])),
  }
}
