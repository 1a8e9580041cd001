-- Where each audit chain begins now: the last event that was removed from it for its age, sealed, so that nobody else
-- can move the beginning.
CREATE TABLE audit_anchors (
    workspace BLOB NOT NULL PRIMARY KEY,
    seq INTEGER NOT NULL,
    mac BLOB NOT NULL,
    seal BLOB NOT NULL
) STRICT;

CREATE TRIGGER audit_anchors_keep_update BEFORE UPDATE ON audit_anchors
WHEN NEW.workspace <> OLD.workspace OR NEW.seq <= OLD.seq
BEGIN SELECT RAISE(ABORT, 'only forward'); END;
CREATE TRIGGER audit_anchors_keep_delete BEFORE DELETE ON audit_anchors
BEGIN SELECT RAISE(ABORT, 'only forward'); END;

-- An event goes only once the beginning is behind it.
DROP TRIGGER audit_events_keep_delete;
CREATE TRIGGER audit_events_keep_delete BEFORE DELETE ON audit_events
WHEN OLD.seq > COALESCE((SELECT seq FROM audit_anchors WHERE workspace = OLD.workspace), 0)
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
