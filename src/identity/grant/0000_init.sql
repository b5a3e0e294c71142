-- The OAuth library's records under its own keys: one `grant:…`, and `token:…` per access token. Hashes and wrapped keys only.
CREATE TABLE records (key TEXT PRIMARY KEY, value TEXT NOT NULL, expires_at INTEGER);
-- Refresh tokens (SHA-256) that were exchanged. Seeing one again after the window means that somebody else has it.
CREATE TABLE spent (hash TEXT PRIMARY KEY, spent_at INTEGER NOT NULL);
-- Answers to refresh requests, sealed under the refresh token itself, so that a retry gets the same answer.
CREATE TABLE answers (key TEXT PRIMARY KEY, sealed TEXT NOT NULL, expires_at INTEGER NOT NULL);
