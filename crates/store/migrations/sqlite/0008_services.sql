-- Totals tell of metered services too.
CREATE TABLE usage_totals_by_service (
    workspace BLOB NOT NULL,
    hour INTEGER NOT NULL,
    model TEXT NOT NULL,
    provider TEXT NOT NULL,
    payer TEXT NOT NULL,
    api_key BLOB NOT NULL,
    agent TEXT NOT NULL,
    service TEXT NOT NULL,
    calls INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    unmeasured INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    cost_pico INTEGER NOT NULL,
    credits_micro INTEGER NOT NULL,
    tokens_input INTEGER,
    tokens_output INTEGER,
    tokens_cache_read INTEGER,
    tokens_cache_write INTEGER,
    tokens_cache_write_5m INTEGER,
    tokens_cache_write_1h INTEGER,
    tokens_reasoning INTEGER,
    tokens_audio_input INTEGER,
    tokens_audio_output INTEGER,
    tokens_image_input INTEGER,
    tokens_image_output INTEGER,
    input_characters INTEGER,
    input_seconds INTEGER,
    web_searches INTEGER,
    file_searches INTEGER,
    PRIMARY KEY (workspace, hour, model, provider, payer, api_key, agent, service)
) STRICT, WITHOUT ROWID;
INSERT INTO usage_totals_by_service SELECT
    workspace, hour, model, provider, payer, api_key, agent, '', calls, errors, unmeasured, unpriced,
    cost_pico, credits_micro, tokens_input, tokens_output, tokens_cache_read, tokens_cache_write,
    tokens_cache_write_5m, tokens_cache_write_1h, tokens_reasoning, tokens_audio_input, tokens_audio_output,
    tokens_image_input, tokens_image_output, input_characters, input_seconds, web_searches, file_searches
FROM usage_totals;
DROP TABLE usage_totals;
ALTER TABLE usage_totals_by_service RENAME TO usage_totals;
