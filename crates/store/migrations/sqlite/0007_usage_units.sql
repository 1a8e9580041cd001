-- What calls use besides the first classes of tokens. NULL until a call names it: unknown is not 0.
ALTER TABLE usage_totals ADD COLUMN tokens_image_output INTEGER;
ALTER TABLE usage_totals ADD COLUMN input_characters INTEGER;
ALTER TABLE usage_totals ADD COLUMN input_seconds INTEGER;
ALTER TABLE usage_totals ADD COLUMN web_searches INTEGER;
ALTER TABLE usage_totals ADD COLUMN file_searches INTEGER;
