-- People who sign in. A mail address has one spelling (`domain::person::Mail`); a password is argon2id's own text. A
-- session is of one epoch of its person: another epoch ends all of them at once.
CREATE TABLE users (
    id BLOB NOT NULL PRIMARY KEY,
    mail TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password TEXT NOT NULL,
    is_operator INTEGER NOT NULL,
    session_epoch INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE memberships (
    workspace BLOB NOT NULL REFERENCES workspaces (id),
    user_id BLOB NOT NULL REFERENCES users (id),
    role TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (workspace, user_id)
) STRICT;
CREATE INDEX memberships_user ON memberships (user_id);

-- `hash` is a keyed hash of what the browser holds.
CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    user_id BLOB NOT NULL REFERENCES users (id),
    epoch INTEGER NOT NULL,
    user_agent TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_user ON sessions (user_id);

-- Links that work once: `setup`, `invite` (to a workspace, with a role) and `reset` (of a person's password).
CREATE TABLE links (
    hash BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    workspace BLOB,
    mail TEXT,
    role TEXT,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;

-- What a platform key was made for by Ownkey itself (`playground`); such keys are in no list.
ALTER TABLE api_keys ADD COLUMN purpose TEXT;
