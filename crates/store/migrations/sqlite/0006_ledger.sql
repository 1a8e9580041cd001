-- The ledger. The tables it had before were never used.
DROP TABLE holds;
DROP TABLE transfers;
DROP TABLE accounts;

CREATE TABLE accounts (
    id TEXT NOT NULL PRIMARY KEY,
    workspace BLOB,
    asset TEXT NOT NULL,
    no_overdraft INTEGER NOT NULL CHECK (no_overdraft IN (0, 1)),
    debits_pending INTEGER NOT NULL CHECK (debits_pending >= 0),
    debits_posted INTEGER NOT NULL CHECK (debits_posted >= 0),
    credits_pending INTEGER NOT NULL CHECK (credits_pending >= 0),
    credits_posted INTEGER NOT NULL CHECK (credits_posted >= 0),
    granted INTEGER NOT NULL CHECK (granted >= 0),
    expires_at INTEGER,
    opened_at INTEGER NOT NULL,
    closed_at INTEGER,
    reason TEXT,
    CHECK (no_overdraft = 0 OR debits_pending + debits_posted <= credits_posted)
) STRICT;
CREATE INDEX accounts_open ON accounts (workspace) WHERE closed_at IS NULL;
CREATE INDEX accounts_expiring ON accounts (expires_at) WHERE closed_at IS NULL;

-- What was moved, once and for all. `balance` is what the workspace had then, held or not.
CREATE TABLE transfers (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace BLOB NOT NULL,
    asset TEXT NOT NULL,
    kind TEXT NOT NULL,
    debit_account TEXT NOT NULL REFERENCES accounts (id),
    credit_account TEXT NOT NULL REFERENCES accounts (id),
    amount INTEGER NOT NULL CHECK (amount > 0),
    request BLOB,
    refunds TEXT,
    reason TEXT,
    balance INTEGER,
    at INTEGER NOT NULL,
    CHECK (debit_account <> credit_account)
) STRICT;
CREATE INDEX transfers_workspace ON transfers (workspace, seq);
CREATE INDEX transfers_request ON transfers (request) WHERE request IS NOT NULL;

-- Orders of the operator by their idempotency key: a repeated one does nothing and is answered alike.
CREATE TABLE orders (
    workspace BLOB NOT NULL,
    idempotency_key TEXT NOT NULL,
    asked TEXT NOT NULL,
    answer TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (workspace, idempotency_key)
) STRICT;

-- What calls under way have set aside: a row a call, which goes when the call is settled. `evidence` is what it is
-- charged should its node die.
CREATE TABLE holds (
    request BLOB NOT NULL PRIMARY KEY,
    workspace BLOB NOT NULL,
    node BLOB NOT NULL,
    funds TEXT NOT NULL,
    legs TEXT NOT NULL,
    evidence_credits INTEGER,
    evidence_usd INTEGER,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX holds_node ON holds (node);

-- Which nodes live: a node is the journal it writes. Database time.
CREATE TABLE nodes (
    id BLOB NOT NULL PRIMARY KEY,
    lease_until INTEGER NOT NULL
) STRICT;

ALTER TABLE workspaces ADD COLUMN fallback TEXT NOT NULL DEFAULT '{"on":[]}';
ALTER TABLE workspaces ADD COLUMN budgets TEXT NOT NULL DEFAULT '[]';

CREATE TRIGGER transfers_keep_update BEFORE UPDATE ON transfers
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER transfers_keep_delete BEFORE DELETE ON transfers
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
