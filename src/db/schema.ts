import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'

/**
 * D1. Every table begins with `project`, and every query binds it: a row of another tenant cannot be reached by id alone.
 * Times are epoch milliseconds. JSON columns are validated with zod where they are read.
 */
const project = () => text('project').notNull()
const at = (name: string) => integer(name)
const json = (name: string) => text(name, { mode: 'json' })

export const projects = sqliteTable('projects', {
  id: text('id').primaryKey(),
  name: text('name').notNull(),
  settings: json('settings')
    .notNull()
    .default(sql`'{}'`),
  createdAt: at('created_at').notNull(),
})

/** The head of a gateway: which version is live. `slug` is unique in the deployment, because it is the URL. */
export const gateways = sqliteTable(
  'gateways',
  {
    project: project(),
    id: text('id').notNull(),
    slug: text('slug').notNull(),
    version: integer('version').notNull(),
    enabled: integer('enabled', { mode: 'boolean' }).notNull(),
    updatedAt: at('updated_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.project, t.id] }), uniqueIndex('gateways_slug').on(t.slug)],
)

/** Never updated, never deleted. */
export const gatewayVersions = sqliteTable(
  'gateway_versions',
  {
    project: project(),
    gateway: text('gateway').notNull(),
    version: integer('version').notNull(),
    document: json('document').notNull(),
    documentHash: text('document_hash').notNull(),
    createdAt: at('created_at').notNull(),
    createdBy: text('created_by').notNull(),
    note: text('note'),
  },
  (t) => [primaryKey({ columns: [t.project, t.gateway, t.version] })],
)

export const agents = sqliteTable(
  'agents',
  {
    project: project(),
    id: text('id').notNull(),
    kind: text('kind', { enum: ['cimd', 'dcr', 'registered', 'app_key'] }).notNull(),
    clientId: text('client_id').notNull(),
    name: text('name').notNull(),
    host: text('host'),
    trust: text('trust', { enum: ['unknown', 'known', 'trusted'] }).notNull(),
    disabled: integer('disabled', { mode: 'boolean' }).notNull().default(false),
    createdAt: at('created_at').notNull(),
    lastSeenAt: at('last_seen_at'),
  },
  (t) => [primaryKey({ columns: [t.project, t.id] }), uniqueIndex('agents_client').on(t.project, t.clientId)],
)

/** App keys and admin tokens. The secret is shown once; only its SHA-256 is kept. */
export const keys = sqliteTable(
  'keys',
  {
    project: project(),
    id: text('id').notNull(),
    kind: text('kind', { enum: ['app', 'admin'] }).notNull(),
    hash: text('hash').notNull(),
    prefix: text('prefix').notNull(),
    name: text('name').notNull(),
    /** Admin tokens: owner, admin, editor or auditor. App keys: `call`. */
    role: text('role').notNull(),
    agent: text('agent'),
    /** App keys: may it name the user in a header, and for which issuer. */
    actsFor: text('acts_for'),
    createdAt: at('created_at').notNull(),
    createdBy: text('created_by').notNull(),
    expiresAt: at('expires_at'),
    revokedAt: at('revoked_at'),
  },
  (t) => [primaryKey({ columns: [t.project, t.id] }), uniqueIndex('keys_hash').on(t.hash)],
)

export const users = sqliteTable(
  'users',
  {
    project: project(),
    id: text('id').notNull(),
    kind: text('kind', { enum: ['person', 'service_account'] }).notNull(),
    issuer: text('issuer').notNull(),
    subject: text('subject').notNull(),
    name: text('name').notNull(),
    email: text('email'),
    attributes: json('attributes')
      .notNull()
      .default(sql`'{}'`),
    manager: text('manager'),
    active: integer('active', { mode: 'boolean' }).notNull().default(true),
    createdAt: at('created_at').notNull(),
    updatedAt: at('updated_at').notNull(),
    lastSeenAt: at('last_seen_at'),
    /** Browser sessions from before this moment are over. */
    signedOutAt: at('signed_out_at'),
  },
  (t) => [
    primaryKey({ columns: [t.project, t.id] }),
    uniqueIndex('users_subject').on(t.project, t.issuer, t.subject),
    index('users_email').on(t.project, t.email),
  ],
)

export const groups = sqliteTable(
  'groups',
  { project: project(), id: text('id').notNull(), name: text('name').notNull(), source: text('source').notNull() },
  (t) => [primaryKey({ columns: [t.project, t.id] }), uniqueIndex('groups_name').on(t.project, t.source, t.name)],
)

/** `source` says who asserts the membership: `claims`, `scim` or `manual`. A sign-in replaces only its own. */
export const memberships = sqliteTable(
  'memberships',
  {
    project: project(),
    user: text('user').notNull(),
    group: text('group').notNull(),
    source: text('source').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.project, t.user, t.group, t.source] }),
    index('memberships_group').on(t.project, t.group),
  ],
)

/** The company's sign-in: one OpenID Connect issuer. */
export const identityProviders = sqliteTable(
  'identity_providers',
  {
    project: project(),
    id: text('id').notNull(),
    issuer: text('issuer').notNull(),
    clientId: text('client_id').notNull(),
    sealedSecret: text('sealed_secret'),
    settings: json('settings')
      .notNull()
      .default(sql`'{}'`),
    active: integer('active', { mode: 'boolean' }).notNull().default(true),
    createdAt: at('created_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.project, t.id] })],
)

/**
 * What a person allowed an agent to do, by our consent page. Kept beyond the grant, so that the page is not shown again
 * for the same agent, gateway and host it returns to.
 */
export const consents = sqliteTable(
  'consents',
  {
    project: project(),
    user: text('user').notNull(),
    agent: text('agent').notNull(),
    gateway: text('gateway').notNull(),
    redirectHost: text('redirect_host').notNull(),
    scopes: json('scopes').notNull(),
    createdAt: at('created_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.project, t.user, t.agent, t.gateway, t.redirectHost] })],
)

/** Metadata only, for lists and for ending all grants of a user. The Grant object decides. */
export const grants = sqliteTable(
  'grants',
  {
    project: project(),
    id: text('id').notNull(),
    user: text('user').notNull(),
    agent: text('agent').notNull(),
    gateway: text('gateway').notNull(),
    createdAt: at('created_at').notNull(),
    endedAt: at('ended_at'),
    /** Why it ended: signed out, revoked by the client, reused token, offboarded. */
    endedReason: text('ended_reason'),
  },
  (t) => [primaryKey({ columns: [t.project, t.id] }), index('grants_user').on(t.project, t.user)],
)

/** An OAuth application at a provider. `spec` names a built-in ProviderSpec or holds one by value. */
export const providers = sqliteTable(
  'providers',
  {
    project: project(),
    id: text('id').notNull(),
    spec: json('spec').notNull(),
    clientId: text('client_id').notNull(),
    sealedSecret: text('sealed_secret'),
    settings: json('settings')
      .notNull()
      .default(sql`'{}'`),
    updatedAt: at('updated_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.project, t.id] })],
)

/** Secrets that tools name and administrators set. Write-only from outside. */
export const secrets = sqliteTable(
  'secrets',
  {
    project: project(),
    name: text('name').notNull(),
    sealed: text('sealed').notNull(),
    updatedAt: at('updated_at').notNull(),
    updatedBy: text('updated_by').notNull(),
  },
  (t) => [primaryKey({ columns: [t.project, t.name] })],
)

export const upstreams = sqliteTable(
  'upstreams',
  {
    project: project(),
    id: text('id').notNull(),
    url: text('url').notNull(),
    settings: json('settings')
      .notNull()
      .default(sql`'{}'`),
    /** What was found out at the first contact: era, session kind, authorization. */
    discovered: json('discovered'),
    health: json('health'),
    /** Gateways that do not have yet what was decided about it. Null: all have. */
    behind: json('behind'),
    enabled: integer('enabled', { mode: 'boolean' }).notNull().default(true),
    updatedAt: at('updated_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.project, t.id] })],
)

/** A definition as the administrator admitted it. A change at the upstream waits in `proposed`. */
export const toolPins = sqliteTable(
  'tool_pins',
  {
    project: project(),
    upstream: text('upstream').notNull(),
    /** `tool`, `prompt`, `resource` or `template`. */
    kind: text('kind').notNull(),
    name: text('name').notNull(),
    hash: text('hash').notNull(),
    definition: json('definition').notNull(),
    behaviour: json('behaviour'),
    status: text('status', { enum: ['admitted', 'quarantined', 'removed'] }).notNull(),
    proposed: json('proposed'),
    findings: json('findings')
      .notNull()
      .default(sql`'[]'`),
    decidedBy: text('decided_by'),
    updatedAt: at('updated_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.project, t.upstream, t.kind, t.name] })],
)

/** Metadata only, for lists and pages. The Vault decides. */
export const connections = sqliteTable(
  'connections',
  {
    project: project(),
    id: text('id').notNull(),
    user: text('user').notNull(),
    provider: text('provider').notNull(),
    account: text('account').notNull(),
    label: text('label').notNull(),
    scopes: json('scopes').notNull(),
    status: text('status').notNull(),
    reason: text('reason'),
    isDefault: integer('is_default', { mode: 'boolean' }).notNull(),
    generation: integer('generation').notNull(),
    createdAt: at('created_at').notNull(),
    updatedAt: at('updated_at').notNull(),
    lastUsedAt: at('last_used_at'),
  },
  (t) => [primaryKey({ columns: [t.project, t.id] }), index('connections_user').on(t.project, t.user, t.provider)],
)

export const approvals = sqliteTable(
  'approvals',
  {
    project: project(),
    id: text('id').notNull(),
    gateway: text('gateway').notNull(),
    session: text('session').notNull(),
    user: text('user').notNull(),
    agent: text('agent').notNull(),
    tool: text('tool').notNull(),
    argumentsHash: text('arguments_hash').notNull(),
    /** Sealed under the requester's key: the approver sees them, a dump does not. */
    sealedArguments: text('sealed_arguments').notNull(),
    rule: text('rule').notNull(),
    approvers: json('approvers').notNull(),
    status: text('status', { enum: ['pending', 'approved', 'rejected', 'used', 'expired'] }).notNull(),
    createdAt: at('created_at').notNull(),
    expiresAt: at('expires_at').notNull(),
    decidedAt: at('decided_at'),
    decidedBy: text('decided_by'),
    note: text('note'),
  },
  (t) => [primaryKey({ columns: [t.project, t.id] }), index('approvals_status').on(t.project, t.status, t.createdAt)],
)

/**
 * The record, as the Ledger ordered it. `leaf` is what the tree holds; `payload` is sealed and may be erased.
 * Pages run by (at, sequence), so each index ends in both. The partial ones hold what is rare and looked for:
 * everything but tool calls by type, everything that was not simply permitted and done.
 */
export const events = sqliteTable(
  'events',
  {
    project: project(),
    ledger: text('ledger').notNull(),
    /** Number of the leaf, from 0. */
    sequence: integer('sequence').notNull(),
    id: text('id').notNull(),
    type: text('type').notNull(),
    at: at('at').notNull(),
    call: text('call'),
    gateway: text('gateway'),
    user: text('user'),
    agent: text('agent'),
    session: text('session'),
    tool: text('tool'),
    decision: text('decision'),
    outcome: text('outcome'),
    leaf: text('leaf').notNull(),
    payload: text('payload'),
  },
  (t) => [
    primaryKey({ columns: [t.project, t.ledger, t.sequence] }),
    uniqueIndex('events_id').on(t.project, t.id),
    index('events_at').on(t.project, t.at, t.sequence),
    index('events_user').on(t.project, t.user, t.at, t.sequence),
    index('events_agent').on(t.project, t.agent, t.at, t.sequence),
    index('events_gateway').on(t.project, t.gateway, t.at, t.sequence),
    index('events_tool').on(t.project, t.tool, t.at, t.sequence),
    index('events_call').on(t.project, t.call),
    index('events_session')
      .on(t.project, t.session, t.at, t.sequence)
      .where(sql`session IS NOT NULL`),
    index('events_type')
      .on(t.project, t.type, t.at, t.sequence)
      .where(sql`substr(type, 1, 5) <> 'tool.'`),
    index('events_decision')
      .on(t.project, t.decision, t.at, t.sequence)
      .where(sql`decision <> 'permit'`),
    index('events_outcome')
      .on(t.project, t.outcome, t.at, t.sequence)
      .where(sql`outcome <> 'done'`),
  ],
)

export const checkpoints = sqliteTable(
  'checkpoints',
  {
    project: project(),
    ledger: text('ledger').notNull(),
    size: integer('size').notNull(),
    note: text('note').notNull(),
    createdAt: at('created_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.project, t.ledger, t.size] })],
)

export const sinks = sqliteTable(
  'sinks',
  {
    project: project(),
    id: text('id').notNull(),
    kind: text('kind').notNull(),
    settings: json('settings').notNull(),
    sealedSecret: text('sealed_secret'),
    enabled: integer('enabled', { mode: 'boolean' }).notNull().default(true),
    updatedAt: at('updated_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.project, t.id] })],
)
