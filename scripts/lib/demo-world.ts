/**
 * The world of the demo, in one place: which local services stand in for the real ones, who lives there, and what they own.
 * `npm start`, `npm run demo` and the journeys under test/e2e all use it. Nothing here is a secret: the services are local.
 */
export type StandInName = 'okta' | 'github' | 'google' | 'slack' | 'linear' | 'microsoft'

export type StandIn = { service: StandInName; port: number; seed: Record<string, unknown> }

export type DemoPorts = Record<StandInName | 'everything' | 'worker', number>

export const demoPorts: DemoPorts = {
  worker: 8787,
  okta: 8801,
  github: 8802,
  google: 8803,
  slack: 8804,
  linear: 8805,
  microsoft: 8806,
  everything: 8807,
}

export const demoPeople = {
  alice: { name: 'Alice Ames', email: 'alice@acme.test', github: 'alice-dev', groups: ['engineering'] },
  carol: { name: 'Carol Chen', email: 'carol@acme.test', github: 'carol-dev', groups: ['engineering'] },
  bob: { name: 'Bob Brown', email: 'bob@acme.test', github: 'bob-dev', groups: ['sales'] },
} as const

export const demoClients = {
  okta: { clientId: 'behalf', clientSecret: 'behalf-at-okta' },
  github: { clientId: 'behalf', clientSecret: 'behalf-at-github' },
} as const

/** Okta's ids for the demo people and groups. */
const userIdOf = (email: string): string => `00u_${email.split('@')[0]}`
/** Lets the stand-ins' process itself act at GitHub as Alice, before anybody signs in. */
export const standInToken = { 'stand-in-setup': { login: 'alice-dev', scopes: ['repo'] } } as const

const group = (name: string) => ({ name, type: 'OKTA_GROUP', okta_id: `00g_${name}`, description: name })

export function standIns(ports: DemoPorts): StandIn[] {
  const publicUrl = `http://localhost:${ports.worker}`
  const people = Object.values(demoPeople)
  const connect = (provider: string) => `${publicUrl}/connect/callback/${provider}`
  return [
    {
      service: 'okta',
      port: ports.okta,
      seed: {
        users: people.map(({ name, email }) => {
          const [first_name, last_name] = name.split(' ')
          return { okta_id: userIdOf(email), login: email, email, first_name, last_name }
        }),
        groups: [group('engineering'), group('sales')],
        authorization_servers: [{ id: 'default', name: 'default', audiences: ['api://default'] }],
        oauth_clients: [
          {
            client_id: demoClients.okta.clientId,
            client_secret: demoClients.okta.clientSecret,
            name: 'Behalf',
            redirect_uris: [`${publicUrl}/sign-in/callback`],
            auth_server_id: 'default',
          },
        ],
      },
    },
    {
      service: 'github',
      port: ports.github,
      seed: {
        users: people.map(({ name, email, github }) => ({ login: github, name, email })),
        repos: [
          { owner: 'alice-dev', name: 'web-shop', description: 'The shop', language: 'TypeScript', auto_init: true },
          {
            owner: 'alice-dev',
            name: 'web-admin',
            description: 'Its back office',
            language: 'TypeScript',
            auto_init: true,
          },
        ],
        oauth_apps: [
          {
            client_id: demoClients.github.clientId,
            client_secret: demoClients.github.clientSecret,
            name: 'Behalf',
            redirect_uris: [connect('github')],
          },
        ],
      },
    },
    { service: 'google', port: ports.google, seed: { users: people.map(({ name, email }) => ({ name, email })) } },
    { service: 'slack', port: ports.slack, seed: { team: { name: 'Acme', domain: 'acme' } } },
    { service: 'linear', port: ports.linear, seed: {} },
    {
      service: 'microsoft',
      port: ports.microsoft,
      seed: { users: people.map(({ name, email }) => ({ name, email })) },
    },
  ]
}

/** What a seed cannot say: who is in which group. Paths of Okta's own API. */
export function oktaMemberships(): string[] {
  return Object.values(demoPeople).flatMap(({ email, groups }) =>
    groups.map((name) => `/api/v1/groups/00g_${name}/users/${userIdOf(email)}`),
  )
}
