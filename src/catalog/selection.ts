import { z } from 'zod'

/** A tool's own name, or a pattern in which `*` stands for any characters. A server may use any that can be seen. */
const pattern = z
  .string()
  .min(1)
  .max(128)
  .regex(/^\P{C}+$/u, 'use the name of a tool, with * for any characters')

const toolName = z.string().regex(/^[A-Za-z0-9_-]{1,45}$/, 'use 1 to 45 of A-Z, a-z, 0-9, _ and -')
const patterns = z
  .array(
    z
      .string()
      .min(1)
      .max(1001)
      .regex(/^\P{C}+$/u, 'use a name, with * for any characters, and ! before what is left out'),
  )
  .max(1000)

const behaviour = z.strictObject({
  operation: z.enum(['read', 'create', 'update', 'delete']).optional(),
  destructive: z.boolean().optional(),
  idempotent: z.boolean().optional(),
  openWorld: z.boolean().optional(),
})

const source = {
  toolkit: z.string().min(1).max(64).describe('One of our own toolkits, such as GitHub.'),
  upstream: z.string().min(1).max(64).describe('Id of an MCP server that the project has added.'),
  worker: z.string().min(1).max(64).describe('Name of a service binding to a tool Worker.'),
}

export const selectionSchema = z
  .strictObject({
    toolkit: source.toolkit.optional(),
    upstream: source.upstream.optional(),
    worker: source.worker.optional(),
    include: z.array(pattern).min(1).max(1000).default(['*']).describe('Which of its tools. Default: all.'),
    exclude: z.array(pattern).max(1000).default([]),
    prefix: z
      .string()
      .regex(/^[A-Za-z0-9_]{0,20}$/, 'use up to 20 of A-Z, a-z, 0-9 and _')
      .nullable()
      .default(null)
      .describe(
        'Stands before the names of its tools, with _. Empty text: none. null: the name of the source, or none where it is the only source.',
      ),
    alias: z.record(pattern, toolName).default({}).describe('The whole name a tool has here, by its own name.'),
    prompts: patterns
      .nullable()
      .default(null)
      .describe('Which prompts of the upstream; with ! before it, which not. null: all when all tools are offered.'),
    resources: patterns
      .nullable()
      .default(null)
      .describe(
        'Which resources and templates, by URI; with ! before it, which not. null: all when all tools are offered.',
      ),
    behaviour: z
      .record(pattern, behaviour)
      .default({})
      .describe('What the tool does to the world, where you know better than its maker. It decides, not their claim.'),
  })
  .refine((one) => [one.toolkit, one.upstream, one.worker].filter((name) => name !== undefined).length === 1, {
    message: 'say exactly one of toolkit, upstream and worker',
  })

export type Selection = z.output<typeof selectionSchema>
