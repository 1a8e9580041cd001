-- Grants are few among charges, and the operator looks at them over all workspaces.
CREATE INDEX transfers_grants ON transfers (seq) WHERE kind = 'grant';

-- Who removed a key, for those who find it gone.
ALTER TABLE credentials ADD COLUMN ended_by TEXT;
CREATE INDEX credentials_ended ON credentials (workspace, provider, ended_at) WHERE ended_at IS NOT NULL;
