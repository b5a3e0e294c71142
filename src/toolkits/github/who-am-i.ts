import { z } from 'zod'
import { defineTool } from '../kit/define-tool.ts'
import { github, read } from './api.ts'

const account = z.object({ login: z.string(), name: z.string().nullish(), html_url: z.string() })

export const whoAmI = defineTool({
  name: 'WhoAmI',
  title: 'Who am I on GitHub',
  description:
    'Tells which GitHub account is connected. Use it when the person says "my GitHub" and the account matters. ' +
    'Other GitHub tools know "me" by themselves; do not call this only to find your own login.',
  input: z.object({}),
  output: z.object({ login: z.string(), name: z.string().nullable(), url: z.string() }),
  behaviour: { operation: 'read', destructive: false, idempotent: true, openWorld: true },
  scopes: ['read:user'],
  async run(_, use) {
    const { login, name, html_url: url } = await read(github(use, { method: 'GET', path: '/user' }), account)
    return { login, name: name ?? null, url }
  },
})
