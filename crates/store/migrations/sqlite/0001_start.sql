-- Settings of the installation. `min_binary` is the oldest version that can work with these tables.
CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
INSERT INTO settings (name, value) VALUES ('schema_version', '1'), ('min_binary', '0.1.0');

-- What the vault keeps: nothing in here opens anything without the KEK.
CREATE TABLE kek_checks (
    kek_id TEXT NOT NULL PRIMARY KEY,
    check_value BLOB NOT NULL
) STRICT;

CREATE TABLE system_dek (
    slot INTEGER NOT NULL PRIMARY KEY CHECK (slot = 1),
    wrapped BLOB NOT NULL,
    version INTEGER NOT NULL
) STRICT;

CREATE TABLE system_secrets (
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (name, version)
) STRICT;

CREATE TABLE workspaces (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    external_id TEXT,
    plan TEXT NOT NULL,
    policy TEXT NOT NULL,
    features TEXT NOT NULL,
    period_anchor INTEGER,
    wrapped_dek BLOB NOT NULL,
    dek_version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;
CREATE UNIQUE INDEX workspaces_external_id ON workspaces (external_id) WHERE deleted_at IS NULL;

CREATE TABLE credentials (
    id BLOB NOT NULL PRIMARY KEY,
    workspace BLOB NOT NULL REFERENCES workspaces (id),
    provider TEXT NOT NULL,
    origin TEXT NOT NULL,
    sealed BLOB NOT NULL,
    secret_version INTEGER NOT NULL,
    hint TEXT NOT NULL,
    verdict TEXT,
    models TEXT NOT NULL,
    last_tested_at INTEGER,
    last_used_at INTEGER,
    last_error TEXT,
    last_error_at INTEGER,
    invalid_since INTEGER,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at INTEGER,
    CHECK (ended_at IS NULL OR LENGTH(sealed) = 0)
) STRICT;
CREATE UNIQUE INDEX credentials_current ON credentials (workspace, provider) WHERE ended_at IS NULL;

CREATE TABLE api_keys (
    id BLOB NOT NULL PRIMARY KEY,
    workspace BLOB NOT NULL REFERENCES workspaces (id),
    lookup TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    hash BLOB NOT NULL,
    pepper INTEGER NOT NULL,
    scopes TEXT NOT NULL,
    expires_at INTEGER,
    requests_per_minute INTEGER,
    tokens_per_minute INTEGER,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at INTEGER
) STRICT;
CREATE INDEX api_keys_workspace ON api_keys (workspace, id);

-- One index only: another one costs about as much as the row itself. Receipts outlive what they name, so they
-- refer to nothing.
CREATE TABLE receipts (
    workspace BLOB NOT NULL,
    id BLOB NOT NULL,
    at INTEGER NOT NULL,
    api_key BLOB,
    agent TEXT,
    provider TEXT,
    model TEXT,
    payer TEXT,
    credential BLOB,
    status INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    cost_pico INTEGER,
    credits_micro INTEGER NOT NULL,
    measured TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (workspace, id)
) STRICT;

-- What is absent from a receipt is '' or the nil UUID here, since NULLs are never equal in a key. Tokens stay
-- NULL until a call names their class: unknown is not 0.
CREATE TABLE usage_totals (
    workspace BLOB NOT NULL,
    hour INTEGER NOT NULL,
    model TEXT NOT NULL,
    provider TEXT NOT NULL,
    payer TEXT NOT NULL,
    api_key BLOB NOT NULL,
    agent TEXT NOT NULL,
    calls INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    unmeasured INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    cost_pico INTEGER NOT NULL,
    credits_micro INTEGER NOT NULL,
    tokens_input INTEGER,
    tokens_output INTEGER,
    tokens_cache_read INTEGER,
    tokens_cache_write INTEGER,
    tokens_cache_write_5m INTEGER,
    tokens_cache_write_1h INTEGER,
    tokens_reasoning INTEGER,
    tokens_audio_input INTEGER,
    tokens_audio_output INTEGER,
    tokens_image_input INTEGER,
    PRIMARY KEY (workspace, hour, model, provider, payer, api_key, agent)
) STRICT, WITHOUT ROWID;

-- How far each journal is taken over. A journal, not a node, has a position: a node whose data folder is made
-- anew starts at 1 again, and must not be taken for the old one.
CREATE TABLE journal_position (
    journal BLOB NOT NULL PRIMARY KEY,
    segment INTEGER NOT NULL,
    byte_offset INTEGER NOT NULL
) STRICT;

CREATE TABLE accounts (
    id BLOB NOT NULL PRIMARY KEY,
    workspace BLOB,
    asset TEXT NOT NULL,
    kind TEXT NOT NULL,
    no_overdraft INTEGER NOT NULL CHECK (no_overdraft IN (0, 1)),
    debits_pending INTEGER NOT NULL CHECK (debits_pending >= 0),
    debits_posted INTEGER NOT NULL CHECK (debits_posted >= 0),
    credits_pending INTEGER NOT NULL CHECK (credits_pending >= 0),
    credits_posted INTEGER NOT NULL CHECK (credits_posted >= 0),
    created_at INTEGER NOT NULL,
    CHECK (no_overdraft = 0 OR debits_pending + debits_posted <= credits_posted)
) STRICT;
CREATE INDEX accounts_workspace ON accounts (workspace);

CREATE TABLE transfers (
    id BLOB NOT NULL PRIMARY KEY,
    workspace BLOB,
    asset TEXT NOT NULL,
    kind TEXT NOT NULL,
    debit_account BLOB NOT NULL REFERENCES accounts (id),
    credit_account BLOB NOT NULL REFERENCES accounts (id),
    amount INTEGER NOT NULL CHECK (amount > 0),
    hold BLOB,
    idempotency_key TEXT,
    at INTEGER NOT NULL,
    detail TEXT NOT NULL,
    CHECK (debit_account <> credit_account)
) STRICT;
CREATE UNIQUE INDEX transfers_idempotency ON transfers (workspace, idempotency_key);

CREATE TABLE holds (
    id BLOB NOT NULL PRIMARY KEY,
    workspace BLOB NOT NULL REFERENCES workspaces (id),
    request BLOB NOT NULL,
    asset TEXT NOT NULL,
    debit_account BLOB NOT NULL REFERENCES accounts (id),
    credit_account BLOB NOT NULL REFERENCES accounts (id),
    amount INTEGER NOT NULL CHECK (amount > 0),
    state TEXT NOT NULL CHECK (state IN ('pending', 'posted', 'voided', 'expired')),
    node_id BLOB NOT NULL,
    lease_until INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;
CREATE INDEX holds_pending ON holds (lease_until) WHERE state = 'pending';

CREATE TABLE changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    workspace BLOB NOT NULL,
    subject BLOB NOT NULL,
    at INTEGER NOT NULL
) STRICT;

-- The operator's own chain has the nil UUID as its workspace.
CREATE TABLE audit_events (
    workspace BLOB NOT NULL,
    seq INTEGER NOT NULL,
    id BLOB NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    detail TEXT NOT NULL,
    prev_mac BLOB NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (workspace, seq)
) STRICT;

-- The end of each chain, which tells that events are missing from it.
CREATE TABLE audit_heads (
    workspace BLOB NOT NULL PRIMARY KEY,
    seq INTEGER NOT NULL,
    mac BLOB NOT NULL
) STRICT;

CREATE TRIGGER audit_events_keep_update BEFORE UPDATE ON audit_events
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER audit_events_keep_delete BEFORE DELETE ON audit_events
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER transfers_keep_update BEFORE UPDATE ON transfers
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER transfers_keep_delete BEFORE DELETE ON transfers
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
