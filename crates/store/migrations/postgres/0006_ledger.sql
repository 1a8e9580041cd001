-- The ledger. The tables it had before were never used.
DROP TABLE holds;
DROP TABLE transfers;
DROP TABLE accounts;

CREATE TABLE accounts (
    id TEXT NOT NULL PRIMARY KEY,
    workspace UUID,
    asset TEXT NOT NULL,
    no_overdraft BIGINT NOT NULL CHECK (no_overdraft IN (0, 1)),
    debits_pending BIGINT NOT NULL CHECK (debits_pending >= 0),
    debits_posted BIGINT NOT NULL CHECK (debits_posted >= 0),
    credits_pending BIGINT NOT NULL CHECK (credits_pending >= 0),
    credits_posted BIGINT NOT NULL CHECK (credits_posted >= 0),
    granted BIGINT NOT NULL CHECK (granted >= 0),
    expires_at BIGINT,
    opened_at BIGINT NOT NULL,
    closed_at BIGINT,
    reason TEXT,
    CHECK (no_overdraft = 0 OR debits_pending + debits_posted <= credits_posted)
);
CREATE INDEX accounts_open ON accounts (workspace) WHERE closed_at IS NULL;
CREATE INDEX accounts_expiring ON accounts (expires_at) WHERE closed_at IS NULL;

-- What was moved, once and for all. `balance` is what the workspace had then, held or not.
CREATE TABLE transfers (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace UUID NOT NULL,
    asset TEXT NOT NULL,
    kind TEXT NOT NULL,
    debit_account TEXT NOT NULL REFERENCES accounts (id),
    credit_account TEXT NOT NULL REFERENCES accounts (id),
    amount BIGINT NOT NULL CHECK (amount > 0),
    request UUID,
    refunds TEXT,
    reason TEXT,
    balance BIGINT,
    at BIGINT NOT NULL,
    CHECK (debit_account <> credit_account)
);
CREATE INDEX transfers_workspace ON transfers (workspace, seq);
CREATE INDEX transfers_request ON transfers (request) WHERE request IS NOT NULL;

-- Orders of the operator by their idempotency key: a repeated one does nothing and is answered alike.
CREATE TABLE orders (
    workspace UUID NOT NULL,
    idempotency_key TEXT NOT NULL,
    asked TEXT NOT NULL,
    answer TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (workspace, idempotency_key)
);

-- What calls under way have set aside: a row a call, which goes when the call is settled. `evidence` is what it is
-- charged should its node die.
CREATE TABLE holds (
    request UUID NOT NULL PRIMARY KEY,
    workspace UUID NOT NULL,
    node UUID NOT NULL,
    funds TEXT NOT NULL,
    legs TEXT NOT NULL,
    evidence_credits BIGINT,
    evidence_usd BIGINT,
    at BIGINT NOT NULL
);
CREATE INDEX holds_node ON holds (node);

-- Which nodes live: a node is the journal it writes. Database time.
CREATE TABLE nodes (
    id UUID NOT NULL PRIMARY KEY,
    lease_until BIGINT NOT NULL
);

ALTER TABLE workspaces ADD COLUMN fallback TEXT NOT NULL DEFAULT '{"on":[]}';
ALTER TABLE workspaces ADD COLUMN budgets TEXT NOT NULL DEFAULT '[]';

CREATE TRIGGER transfers_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON transfers
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
