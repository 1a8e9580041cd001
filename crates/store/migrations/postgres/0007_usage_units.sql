-- What calls use besides the first classes of tokens. NULL until a call names it: unknown is not 0.
ALTER TABLE usage_totals ADD COLUMN tokens_image_output BIGINT;
ALTER TABLE usage_totals ADD COLUMN input_characters BIGINT;
ALTER TABLE usage_totals ADD COLUMN input_seconds BIGINT;
ALTER TABLE usage_totals ADD COLUMN web_searches BIGINT;
ALTER TABLE usage_totals ADD COLUMN file_searches BIGINT;
