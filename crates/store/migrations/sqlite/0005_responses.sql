-- Responses that providers keep: whose they are, how long the conversation is that each ends, and, of one that was made
-- in the background on an own key, for which model and the receipt that counts what it used.
CREATE TABLE responses (
    workspace BLOB NOT NULL,
    provider TEXT NOT NULL,
    payer TEXT NOT NULL,
    id TEXT NOT NULL,
    model TEXT,
    chain_tokens INTEGER,
    made_at INTEGER NOT NULL,
    counted_by BLOB,
    PRIMARY KEY (workspace, provider, payer, id)
) STRICT;
CREATE INDEX responses_made_at ON responses (made_at);
