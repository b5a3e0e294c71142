import { defineProvider } from '../provider-spec.ts'

const version = { 'notion-version': '2022-06-28' }

/** The client shows itself by Basic and sends JSON. There are no scopes: people choose pages in the consent. */
export const notion = defineProvider({
  id: 'notion',
  name: 'Notion',
  docs: 'https://developers.notion.com/reference/create-a-token',
  scopes: { model: 'app' },
  authorize: { url: 'https://api.notion.com/v1/oauth/authorize', params: { owner: 'user' } },
  pkce: false,
  client: 'basic',
  token: { url: 'https://api.notion.com/v1/oauth/token', format: 'json', headers: version },
  refresh: { rotation: 'rotates' },
  revoke: {
    url: 'https://api.notion.com/v1/oauth/revoke',
    auth: 'basic',
    format: 'json',
    headers: version,
    params: { token: '{access_token}' },
  },
  account: {
    id: '{token.bot_id}',
    label: '{token.workspace_name|token.workspace_id}',
    email: '{token.owner.user.person.email}',
    details: { workspace: '{token.workspace_id}' },
  },
  api: { base: 'https://api.notion.com/v1', origins: ['https://api.notion.com'] },
})
