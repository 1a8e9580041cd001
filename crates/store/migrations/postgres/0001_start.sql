-- Settings of the installation. `min_binary` is the oldest version that can work with these tables.
CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
INSERT INTO settings (name, value) VALUES ('schema_version', '1'), ('min_binary', '0.1.0');

-- What the vault keeps: nothing in here opens anything without the KEK.
CREATE TABLE kek_checks (
    kek_id TEXT NOT NULL PRIMARY KEY,
    check_value BYTEA NOT NULL
);

CREATE TABLE system_dek (
    slot INTEGER NOT NULL PRIMARY KEY CHECK (slot = 1),
    wrapped BYTEA NOT NULL,
    version BIGINT NOT NULL
);

CREATE TABLE system_secrets (
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (name, version)
);

CREATE TABLE workspaces (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    external_id TEXT,
    plan TEXT NOT NULL,
    policy TEXT NOT NULL,
    features TEXT NOT NULL,
    period_anchor BIGINT,
    wrapped_dek BYTEA NOT NULL,
    dek_version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX workspaces_external_id ON workspaces (external_id) WHERE deleted_at IS NULL;

CREATE TABLE credentials (
    id UUID NOT NULL PRIMARY KEY,
    workspace UUID NOT NULL REFERENCES workspaces (id),
    provider TEXT NOT NULL,
    origin TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    secret_version BIGINT NOT NULL,
    hint TEXT NOT NULL,
    verdict TEXT,
    models TEXT NOT NULL,
    last_tested_at BIGINT,
    last_used_at BIGINT,
    last_error TEXT,
    last_error_at BIGINT,
    invalid_since BIGINT,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    CHECK (ended_at IS NULL OR LENGTH(sealed) = 0)
);
CREATE UNIQUE INDEX credentials_current ON credentials (workspace, provider) WHERE ended_at IS NULL;

CREATE TABLE api_keys (
    id UUID NOT NULL PRIMARY KEY,
    workspace UUID NOT NULL REFERENCES workspaces (id),
    lookup TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    hash BYTEA NOT NULL,
    pepper BIGINT NOT NULL,
    scopes TEXT NOT NULL,
    expires_at BIGINT,
    requests_per_minute BIGINT,
    tokens_per_minute BIGINT,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX api_keys_workspace ON api_keys (workspace, id);

-- One index only: another one costs about as much as the row itself. Receipts outlive what they name, so they
-- refer to nothing. Ids are UUIDv7, so ranges of ids are ranges of time: a partition holds the ids of a month. The
-- store makes partitions as receipts come.
CREATE TABLE receipts (
    workspace UUID NOT NULL,
    id UUID NOT NULL,
    at BIGINT NOT NULL,
    api_key UUID,
    agent TEXT,
    provider TEXT,
    model TEXT,
    payer TEXT,
    credential UUID,
    status INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    cost_pico BIGINT,
    credits_micro BIGINT NOT NULL,
    measured TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (workspace, id)
) PARTITION BY RANGE (id);

-- What is absent from a receipt is '' or the nil UUID here, since NULLs are never equal in a key. Tokens stay
-- NULL until a call names their class: unknown is not 0.
CREATE TABLE usage_totals (
    workspace UUID NOT NULL,
    hour BIGINT NOT NULL,
    model TEXT NOT NULL,
    provider TEXT NOT NULL,
    payer TEXT NOT NULL,
    api_key UUID NOT NULL,
    agent TEXT NOT NULL,
    calls BIGINT NOT NULL,
    errors BIGINT NOT NULL,
    unmeasured BIGINT NOT NULL,
    unpriced BIGINT NOT NULL,
    cost_pico BIGINT NOT NULL,
    credits_micro BIGINT NOT NULL,
    tokens_input BIGINT,
    tokens_output BIGINT,
    tokens_cache_read BIGINT,
    tokens_cache_write BIGINT,
    tokens_cache_write_5m BIGINT,
    tokens_cache_write_1h BIGINT,
    tokens_reasoning BIGINT,
    tokens_audio_input BIGINT,
    tokens_audio_output BIGINT,
    tokens_image_input BIGINT,
    PRIMARY KEY (workspace, hour, model, provider, payer, api_key, agent)
);

-- How far each journal is taken over. A journal, not a node, has a position: a node whose data folder is made
-- anew starts at 1 again, and must not be taken for the old one.
CREATE TABLE journal_position (
    journal UUID NOT NULL PRIMARY KEY,
    segment BIGINT NOT NULL,
    byte_offset BIGINT NOT NULL
);

CREATE TABLE accounts (
    id UUID NOT NULL PRIMARY KEY,
    workspace UUID,
    asset TEXT NOT NULL,
    kind TEXT NOT NULL,
    no_overdraft BOOLEAN NOT NULL,
    debits_pending BIGINT NOT NULL CHECK (debits_pending >= 0),
    debits_posted BIGINT NOT NULL CHECK (debits_posted >= 0),
    credits_pending BIGINT NOT NULL CHECK (credits_pending >= 0),
    credits_posted BIGINT NOT NULL CHECK (credits_posted >= 0),
    created_at BIGINT NOT NULL,
    CHECK (NOT no_overdraft OR debits_pending + debits_posted <= credits_posted)
);
CREATE INDEX accounts_workspace ON accounts (workspace);

CREATE TABLE transfers (
    id UUID NOT NULL PRIMARY KEY,
    workspace UUID,
    asset TEXT NOT NULL,
    kind TEXT NOT NULL,
    debit_account UUID NOT NULL REFERENCES accounts (id),
    credit_account UUID NOT NULL REFERENCES accounts (id),
    amount BIGINT NOT NULL CHECK (amount > 0),
    hold UUID,
    idempotency_key TEXT,
    at BIGINT NOT NULL,
    detail TEXT NOT NULL,
    CHECK (debit_account <> credit_account)
);
CREATE UNIQUE INDEX transfers_idempotency ON transfers (workspace, idempotency_key);

CREATE TABLE holds (
    id UUID NOT NULL PRIMARY KEY,
    workspace UUID NOT NULL REFERENCES workspaces (id),
    request UUID NOT NULL,
    asset TEXT NOT NULL,
    debit_account UUID NOT NULL REFERENCES accounts (id),
    credit_account UUID NOT NULL REFERENCES accounts (id),
    amount BIGINT NOT NULL CHECK (amount > 0),
    state TEXT NOT NULL CHECK (state IN ('pending', 'posted', 'voided', 'expired')),
    node_id UUID NOT NULL,
    lease_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX holds_pending ON holds (lease_until) WHERE state = 'pending';

CREATE TABLE changes (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind TEXT NOT NULL,
    workspace UUID NOT NULL,
    subject UUID NOT NULL,
    at BIGINT NOT NULL
);

-- The operator's own chain has the nil UUID as its workspace.
CREATE TABLE audit_events (
    workspace UUID NOT NULL,
    seq BIGINT NOT NULL,
    id UUID NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    detail TEXT NOT NULL,
    prev_mac BYTEA NOT NULL,
    mac BYTEA NOT NULL,
    PRIMARY KEY (workspace, seq)
);

-- The end of each chain, which tells that events are missing from it.
CREATE TABLE audit_heads (
    workspace UUID NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    mac BYTEA NOT NULL
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'append-only';
END
$$;
CREATE TRIGGER audit_events_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER transfers_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON transfers
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
