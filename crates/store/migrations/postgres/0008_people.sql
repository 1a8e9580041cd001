-- People who sign in. A mail address has one spelling (`domain::person::Mail`); a password is argon2id's own text. A
-- session is of one epoch of its person: another epoch ends all of them at once.
CREATE TABLE users (
    id UUID NOT NULL PRIMARY KEY,
    mail TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password TEXT NOT NULL,
    is_operator BIGINT NOT NULL,
    session_epoch BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE memberships (
    workspace UUID NOT NULL REFERENCES workspaces (id),
    user_id UUID NOT NULL REFERENCES users (id),
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace, user_id)
);
CREATE INDEX memberships_user ON memberships (user_id);

-- `hash` is a keyed hash of what the browser holds.
CREATE TABLE sessions (
    id UUID NOT NULL PRIMARY KEY,
    hash BYTEA NOT NULL UNIQUE,
    user_id UUID NOT NULL REFERENCES users (id),
    epoch BIGINT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);

-- Links that work once: `setup`, `invite` (to a workspace, with a role) and `reset` (of a person's password).
CREATE TABLE links (
    hash BYTEA NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    workspace UUID,
    mail TEXT,
    role TEXT,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

-- What a platform key was made for by Ownkey itself (`playground`); such keys are in no list.
ALTER TABLE api_keys ADD COLUMN purpose TEXT;
