-- Where each audit chain begins now: the last event that was removed from it for its age, sealed, so that nobody else
-- can move the beginning.
CREATE TABLE audit_anchors (
    workspace UUID NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    mac BYTEA NOT NULL,
    seal BYTEA NOT NULL
);

CREATE FUNCTION only_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.workspace = OLD.workspace AND NEW.seq > OLD.seq THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'only forward';
END
$$;
CREATE TRIGGER audit_anchors_keep BEFORE UPDATE OR DELETE ON audit_anchors
FOR EACH ROW EXECUTE FUNCTION only_forward();
CREATE TRIGGER audit_anchors_keep_all BEFORE TRUNCATE ON audit_anchors
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- An event goes only once the beginning is behind it.
CREATE FUNCTION refuse_unless_before_anchor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.seq > COALESCE((SELECT seq FROM audit_anchors WHERE workspace = OLD.workspace), 0) THEN
        RAISE EXCEPTION 'append-only';
    END IF;
    RETURN OLD;
END
$$;
DROP TRIGGER audit_events_keep ON audit_events;
CREATE TRIGGER audit_events_keep BEFORE UPDATE OR TRUNCATE ON audit_events
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_events_keep_delete BEFORE DELETE ON audit_events
FOR EACH ROW EXECUTE FUNCTION refuse_unless_before_anchor();
