-- OAuth connections. Tokens are sealed, each generation anew. `issued_at`, `expires_at`, `due_at` and `lease_until` are by
-- the database's clock. `lease_epoch` counts the claims: who holds the latest one may write what a refresh brought.
-- `unknown_answers` is how often the refresh token of this generation was sent without its answer being known.
CREATE TABLE connections (
    id UUID NOT NULL PRIMARY KEY,
    workspace UUID NOT NULL REFERENCES workspaces (id),
    provider TEXT NOT NULL,
    state TEXT NOT NULL,
    scopes TEXT NOT NULL,
    issuer TEXT NOT NULL,
    access_token BYTEA NOT NULL,
    refresh_token BYTEA,
    generation BIGINT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT,
    due_at BIGINT,
    lease_epoch BIGINT NOT NULL DEFAULT 0,
    lease_until BIGINT NOT NULL DEFAULT 0,
    unknown_answers BIGINT NOT NULL DEFAULT 0,
    failures BIGINT NOT NULL DEFAULT 0,
    last_error TEXT,
    last_error_at BIGINT,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX connections_workspace ON connections (workspace, id);
CREATE INDEX connections_due ON connections (provider, due_at) WHERE state = 'active' AND due_at IS NOT NULL;

-- Somebody is away at a provider to agree. `hash` is a keyed hash of the state that he comes back with; it counts for the
-- session that he left from, once.
CREATE TABLE connection_starts (
    hash BYTEA NOT NULL PRIMARY KEY,
    session UUID NOT NULL,
    workspace UUID NOT NULL REFERENCES workspaces (id),
    provider TEXT NOT NULL,
    connection UUID,
    expires_at BIGINT NOT NULL
);
