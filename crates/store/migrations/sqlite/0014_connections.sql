-- OAuth connections. Tokens are sealed, each generation anew. `issued_at`, `expires_at`, `due_at` and `lease_until` are by
-- the database's clock. `lease_epoch` counts the claims: who holds the latest one may write what a refresh brought.
-- `unknown_answers` is how often the refresh token of this generation was sent without its answer being known.
CREATE TABLE connections (
    id BLOB NOT NULL PRIMARY KEY,
    workspace BLOB NOT NULL REFERENCES workspaces (id),
    provider TEXT NOT NULL,
    state TEXT NOT NULL,
    scopes TEXT NOT NULL,
    issuer TEXT NOT NULL,
    access_token BLOB NOT NULL,
    refresh_token BLOB,
    generation INTEGER NOT NULL,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER,
    due_at INTEGER,
    lease_epoch INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER NOT NULL DEFAULT 0,
    unknown_answers INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    last_error_at INTEGER,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;
CREATE INDEX connections_workspace ON connections (workspace, id);
CREATE INDEX connections_due ON connections (provider, due_at) WHERE state = 'active' AND due_at IS NOT NULL;

-- Somebody is away at a provider to agree. `hash` is a keyed hash of the state that he comes back with; it counts for the
-- session that he left from, once.
CREATE TABLE connection_starts (
    hash BLOB NOT NULL PRIMARY KEY,
    session BLOB NOT NULL,
    workspace BLOB NOT NULL REFERENCES workspaces (id),
    provider TEXT NOT NULL,
    connection BLOB,
    expires_at INTEGER NOT NULL
) STRICT;
