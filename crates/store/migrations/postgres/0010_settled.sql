-- What of a call's credits its workspace did not have: the operator's overrun paid it.
ALTER TABLE receipts ADD COLUMN overrun_micro BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_totals ADD COLUMN overrun_micro BIGINT NOT NULL DEFAULT 0;
-- The receipt of a call as far as it was written when it took its hold: completed should its process die.
ALTER TABLE holds ADD COLUMN draft TEXT;
-- The call that made a response: what its budgets counted is brought to what the response used, once that is known.
ALTER TABLE responses ADD COLUMN made_by UUID;
