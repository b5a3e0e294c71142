/** The Vault object's SQLite, for `migrate` of core. Only ever add to the end. */
export const vaultMigrations: readonly string[] = [
  `
CREATE TABLE owner (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  project TEXT NOT NULL,
  user TEXT NOT NULL,
  wrapped_key TEXT,
  -- the wrapped key that KV has a copy of
  copied_key TEXT,
  -- open, frozen (offboarded: nothing is handed out) or shredded (the key is gone)
  status TEXT NOT NULL,
  created_at INTEGER NOT NULL
);
CREATE TABLE connections (
  id TEXT PRIMARY KEY,
  provider TEXT NOT NULL,
  account TEXT NOT NULL,
  label TEXT NOT NULL,
  scopes TEXT NOT NULL,
  -- active, needs_sign_in, suspended or revoking
  status TEXT NOT NULL,
  reason TEXT,
  is_default INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  -- sealed; the generation is part of what is authenticated
  access TEXT,
  access_expires_at INTEGER,
  access_lifetime_ms INTEGER,
  -- when this generation came from the provider
  token_at INTEGER NOT NULL,
  refresh TEXT,
  refresh_expires_at INTEGER,
  details TEXT NOT NULL,
  -- a refresh that was sent and whose answer is not stored yet
  attempt_at INTEGER,
  attempt_tries INTEGER NOT NULL DEFAULT 0,
  -- an earlier answer got lost: the provider may have rotated without us
  uncertain INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0,
  retry_at INTEGER,
  -- tokens are stored, but whose they are has not been asked yet
  account_unchecked INTEGER NOT NULL DEFAULT 0,
  connected_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  last_used_at INTEGER,
  -- D1 and KV do not show this yet
  is_dirty INTEGER NOT NULL DEFAULT 1
);
-- One that is being revoked does not stand in the way of a new consent for the same account.
CREATE UNIQUE INDEX connections_account ON connections (provider, account) WHERE status != 'revoking';
CREATE TABLE holders (
  connection TEXT NOT NULL,
  session TEXT NOT NULL,
  until INTEGER NOT NULL,
  is_recalled INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (connection, session)
);
CREATE TABLE tickets (
  digest TEXT PRIMARY KEY,
  -- open, used or burned
  status TEXT NOT NULL,
  why TEXT NOT NULL,
  call TEXT NOT NULL,
  provider TEXT NOT NULL,
  scopes TEXT NOT NULL,
  connection TEXT,
  state_digest TEXT UNIQUE,
  verifier TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
);
-- what is still to be deleted elsewhere: kind is kv or d1
CREATE TABLE leftovers (kind TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (kind, key));
`,
  `
-- user: a person's consent. Else a service account's own credential, which is what \`refresh\` holds: api_key,
-- client_credentials or jwt_bearer.
ALTER TABLE connections ADD COLUMN kind TEXT NOT NULL DEFAULT 'user';
-- sealed tokens that wait for the person's yes to the account
CREATE TABLE held (
  id TEXT PRIMARY KEY,
  ticket TEXT NOT NULL,
  provider TEXT NOT NULL,
  sealed TEXT NOT NULL,
  until_at INTEGER NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  is_taken INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
`,
  // Where the tokens came from and may go. Null: from before this was kept.
  'ALTER TABLE connections ADD COLUMN places TEXT',
]
