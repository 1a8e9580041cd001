-- Webhooks: where a workspace wants to be told of what happens. Secrets are sealed, each generation anew; the one before
-- signs too until `old_until`. `failing_since`, `lease_until` and `old_until` are by the database's clock. One node at a
-- time sends to a webhook; `lease_epoch` counts the claims, and who holds the latest one may write what came of it.
CREATE TABLE webhooks (
    id UUID NOT NULL PRIMARY KEY,
    workspace UUID NOT NULL REFERENCES workspaces (id),
    url TEXT NOT NULL,
    events TEXT NOT NULL,
    disabled TEXT,
    secret BYTEA NOT NULL,
    generation BIGINT NOT NULL,
    old_secret BYTEA,
    old_until BIGINT,
    failing_since BIGINT,
    delivered_at BIGINT,
    lease_epoch BIGINT NOT NULL DEFAULT 0,
    lease_until BIGINT NOT NULL DEFAULT 0,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX webhooks_workspace ON webhooks (workspace, id);

-- The outbox: messages to webhooks, written with what they tell of. `once` names what is told once only. `due_at` is by the
-- database's clock, 0 for at once. No row refers to a webhook: one that is removed must not keep a receipt from being
-- written.
CREATE TABLE webhook_messages (
    id UUID NOT NULL PRIMARY KEY,
    webhook UUID NOT NULL,
    event TEXT NOT NULL,
    once TEXT,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    tries BIGINT NOT NULL DEFAULT 0,
    attempts TEXT NOT NULL DEFAULT '[]',
    due_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX webhook_messages_once ON webhook_messages (webhook, once);
CREATE INDEX webhook_messages_webhook ON webhook_messages (webhook, id);
CREATE INDEX webhook_messages_due ON webhook_messages (due_at) WHERE state = 'pending';
CREATE INDEX webhook_messages_age ON webhook_messages (created_at);
