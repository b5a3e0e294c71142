import { messagePage } from '../core/page.ts'

const forAgents =
  'Agents use the tools here in the name of people. Give your agent the whole address of a gateway; it signs you in.'

/** For a person who looks what is at this address. */
export const frontPage = (): Promise<Response> =>
  messagePage({
    title: 'Behalf',
    text: forAgents,
    links: [{ href: '/me/activity', label: 'What was done in your name' }],
  })

/** For a person who opens a gateway in a browser. It asks for the sign-in of an agent, as it does of anybody. */
export const gatewayPage = (title: string, headers: HeadersInit): Promise<Response> =>
  messagePage({
    title,
    text: 'This address is for an agent, not for a browser: add it to yours as an MCP server. It will open a page to sign in.',
    status: 401,
    headers,
  })
