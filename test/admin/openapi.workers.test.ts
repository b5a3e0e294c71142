import { expect, it } from 'vitest'
import { routes } from '../../src/admin/routes.ts'
import { admin } from '../support/admin-client.ts'

type Operation = {
  operationId: string
  summary: string
  parameters: { name: string; in: string; required: boolean }[]
  requestBody?: object
}

it('describes every route, with every parameter', async () => {
  const { status, body } = await admin<{ paths: Record<string, Record<string, Operation>> }>(
    'GET',
    '/openapi.json',
    undefined,
    { token: null },
  )
  expect(status).toBe(200)
  const ids: string[] = []
  for (const route of routes) {
    const operation = body.paths[route.path]?.[route.method.toLowerCase()]
    expect(operation?.summary).toBe(route.summary)
    expect(operation?.requestBody !== undefined).toBe(route.body !== undefined)
    const inPath = operation?.parameters.filter((one) => one.in === 'path').map((one) => one.name)
    const named = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
    expect(new Set(inPath)).toEqual(new Set(named))
    ids.push(operation?.operationId ?? '')
  }
  expect(new Set(ids).size).toBe(routes.length)
  const described = Object.values(body.paths).flatMap((methods) => Object.keys(methods))
  expect(described).toHaveLength(routes.length)
})

it('answers what is no route like everything that is not there', async () => {
  for (const path of ['/', '/nothing', '/gateways/a/b/c/d', '/../../oauth/token']) {
    expect(await admin('GET', path)).toMatchObject({ status: 404 })
  }
  expect(await admin('DELETE', '/gateways')).toMatchObject({ status: 404, body: { code: 'core/not_found' } })
})
