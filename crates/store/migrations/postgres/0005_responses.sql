-- Responses that providers keep: whose they are, how long the conversation is that each ends, and, of one that was made
-- in the background on an own key, for which model and the receipt that counts what it used.
CREATE TABLE responses (
    workspace UUID NOT NULL,
    provider TEXT NOT NULL,
    payer TEXT NOT NULL,
    id TEXT NOT NULL,
    model TEXT,
    chain_tokens BIGINT,
    made_at BIGINT NOT NULL,
    counted_by UUID,
    PRIMARY KEY (workspace, provider, payer, id)
);
CREATE INDEX responses_made_at ON responses (made_at);
