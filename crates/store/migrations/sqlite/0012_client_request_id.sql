-- The caller's own id of a call, where he sent one: only such calls cost a row in the index.
ALTER TABLE receipts ADD COLUMN client_request_id TEXT;
CREATE INDEX receipts_client_request ON receipts (workspace, client_request_id, id) WHERE client_request_id IS NOT NULL;
