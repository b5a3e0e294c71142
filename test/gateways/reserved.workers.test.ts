import { env } from 'cloudflare:workers'
import { Hono } from 'hono'
import { expect, it } from 'vitest'
import { readConfig } from '../../src/config/config.ts'
import { reservedNames } from '../../src/gateways/gateways.ts'
import type { Bindings } from '../../src/http/rooms.ts'
import { workerRooms } from '../../src/http/worker-rooms.ts'

it('no gateway can be named like a page of ours', () => {
  const config = readConfig(env)
  if (!config.ok) throw new Error('the test has no configuration')
  const app = new Hono<Bindings>()
  workerRooms(env, config.value).mount(app)
  const first = app.routes.map((route) => route.path.split('/')[1] ?? '')
  const pages = [...new Set(first)].filter((name) => /^[a-z0-9-]+$/.test(name))
  expect(pages).toContain('admin')
  expect(pages.filter((name) => !reservedNames.has(name))).toEqual([])
})
