import type { ProviderSpec } from './provider-spec.ts'
import { asana } from './providers/asana.ts'
import { atlassian } from './providers/atlassian.ts'
import { dropbox } from './providers/dropbox.ts'
import { github, githubApp, githubEnterprise, githubEnterpriseApp } from './providers/github.ts'
import { gong } from './providers/gong.ts'
import { google } from './providers/google.ts'
import { hubspot } from './providers/hubspot.ts'
import { linear } from './providers/linear.ts'
import { microsoft } from './providers/microsoft.ts'
import { notion } from './providers/notion.ts'
import { okta } from './providers/okta.ts'
import { salesforce } from './providers/salesforce.ts'
import { slack } from './providers/slack.ts'
import { stripe } from './providers/stripe.ts'
import { zendesk } from './providers/zendesk.ts'
import { zoom } from './providers/zoom.ts'

const specs = [
  asana,
  atlassian,
  dropbox,
  github,
  githubApp,
  githubEnterprise,
  githubEnterpriseApp,
  gong,
  google,
  hubspot,
  linear,
  microsoft,
  notion,
  okta,
  salesforce,
  slack,
  stripe,
  zendesk,
  zoom,
]

/** The specs that come with Behalf. Any other OAuth 2 service is one by value in its `providers` row. */
export const builtinSpecs: ReadonlyMap<string, ProviderSpec> = new Map(specs.map((spec) => [spec.id, spec]))
