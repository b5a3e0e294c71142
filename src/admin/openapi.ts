import { z } from 'zod'
import type { Json, JsonObject } from '../core/json.ts'
import { adminApiVersion, routes } from './routes.ts'
import type { AdminRoute } from './route.ts'

/** The description of this API (OpenAPI 3.1), made from the same schemas that check what comes in. */
export function openApi(publicUrl: string): JsonObject {
  const paths: Record<string, JsonObject> = {}
  for (const route of routes)
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route) }
  return {
    openapi: '3.1.0',
    info: { title: 'Behalf administration', version: adminApiVersion },
    servers: [{ url: `${publicUrl}/admin/api/v1` }],
    security: [{ adminToken: [] }],
    paths,
    components: {
      securitySchemes: { adminToken: { type: 'http', scheme: 'bearer' } },
      schemas: {
        Problem: {
          type: 'object',
          required: ['type', 'title', 'status', 'code'],
          properties: {
            type: { type: 'string' },
            title: { type: 'string' },
            status: { type: 'integer' },
            code: { type: 'string' },
            detail: { type: 'string' },
            faults: {
              type: 'array',
              items: { type: 'object', properties: { path: { type: 'string' }, message: { type: 'string' } } },
            },
          },
        },
      },
    },
  }
}

function operation(route: AdminRoute): JsonObject {
  const status = route.kind === 'change' ? route.status : 200
  const body = route.body ? { requestBody: { required: true, content: content(schema(route.body, 'input')) } } : {}
  return {
    operationId:
      `${route.method.toLowerCase()}${route.path.replaceAll(/[^A-Za-z]+(\w)/g, (_, c: string) => c.toUpperCase())}`.replaceAll(
        /\W/g,
        '',
      ),
    summary: route.summary,
    description: `Least role: ${route.role}.`,
    parameters: [...parameters(route.params, 'path'), ...parameters(route.query, 'query')],
    ...body,
    responses: {
      [status]: { description: 'Done.', content: answers(route) },
      default: {
        description: 'Refused.',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  }
}

const answers = (route: AdminRoute): JsonObject =>
  route.kind === 'stream'
    ? Object.fromEntries(route.produces.map((type) => [type, { schema: { type: 'string' } }]))
    : content(schema(route.reply, 'output'))

const content = (of: Json): JsonObject => ({ 'application/json': { schema: of } })

function schema(of: z.ZodType, io: 'input' | 'output'): JsonObject {
  const { $schema: _, ...rest } = z.toJSONSchema(of, { io, unrepresentable: 'any' }) as JsonObject
  return rest
}

function parameters(of: z.ZodType | undefined, where: 'path' | 'query'): JsonObject[] {
  if (!of) return []
  const { properties = {}, required = [] } = schema(of, 'input') as { properties?: JsonObject; required?: string[] }
  return Object.entries(properties).map(([name, one]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    schema: one,
  }))
}
