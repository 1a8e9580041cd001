-- Totals tell of metered services too.
CREATE TABLE usage_totals_by_service (
    workspace UUID NOT NULL,
    hour BIGINT NOT NULL,
    model TEXT NOT NULL,
    provider TEXT NOT NULL,
    payer TEXT NOT NULL,
    api_key UUID NOT NULL,
    agent TEXT NOT NULL,
    service TEXT NOT NULL,
    calls BIGINT NOT NULL,
    errors BIGINT NOT NULL,
    unmeasured BIGINT NOT NULL,
    unpriced BIGINT NOT NULL,
    cost_pico BIGINT NOT NULL,
    credits_micro BIGINT NOT NULL,
    tokens_input BIGINT,
    tokens_output BIGINT,
    tokens_cache_read BIGINT,
    tokens_cache_write BIGINT,
    tokens_cache_write_5m BIGINT,
    tokens_cache_write_1h BIGINT,
    tokens_reasoning BIGINT,
    tokens_audio_input BIGINT,
    tokens_audio_output BIGINT,
    tokens_image_input BIGINT,
    tokens_image_output BIGINT,
    input_characters BIGINT,
    input_seconds BIGINT,
    web_searches BIGINT,
    file_searches BIGINT,
    PRIMARY KEY (workspace, hour, model, provider, payer, api_key, agent, service)
);
INSERT INTO usage_totals_by_service SELECT
    workspace, hour, model, provider, payer, api_key, agent, '', calls, errors, unmeasured, unpriced,
    cost_pico, credits_micro, tokens_input, tokens_output, tokens_cache_read, tokens_cache_write,
    tokens_cache_write_5m, tokens_cache_write_1h, tokens_reasoning, tokens_audio_input, tokens_audio_output,
    tokens_image_input, tokens_image_output, input_characters, input_seconds, web_searches, file_searches
FROM usage_totals;
DROP TABLE usage_totals;
ALTER TABLE usage_totals_by_service RENAME TO usage_totals;
