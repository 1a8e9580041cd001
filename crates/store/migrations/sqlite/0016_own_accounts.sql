-- Where a workspace's credits come from, and where they go that expire, are accounts of its own, as what it overruns is:
-- none can fill another's. What was moved keeps its amount and its place.
DROP TRIGGER transfers_keep_update;
INSERT INTO accounts (id, workspace, asset, no_overdraft, debits_pending, debits_posted, credits_pending, credits_posted,
    granted, opened_at)
SELECT substr(credit_account, 1, instr(credit_account, '/') - 1) || '/issued', workspace, 'CREDIT', 0, 0, SUM(amount), 0, 0, 0, MIN(at)
FROM transfers WHERE debit_account = 'issued' GROUP BY 1, 2;
UPDATE transfers SET debit_account = substr(credit_account, 1, instr(credit_account, '/') - 1) || '/issued' WHERE debit_account = 'issued';
INSERT INTO accounts (id, workspace, asset, no_overdraft, debits_pending, debits_posted, credits_pending, credits_posted,
    granted, opened_at)
SELECT substr(debit_account, 1, instr(debit_account, '/') - 1) || '/expired', workspace, 'CREDIT', 0, 0, 0, 0, SUM(amount), 0, MIN(at)
FROM transfers WHERE credit_account = 'expired' GROUP BY 1, 2;
UPDATE transfers SET credit_account = substr(debit_account, 1, instr(debit_account, '/') - 1) || '/expired' WHERE credit_account = 'expired';
DELETE FROM accounts WHERE id IN ('issued', 'expired');
CREATE TRIGGER transfers_keep_update BEFORE UPDATE ON transfers
BEGIN SELECT RAISE(ABORT, 'append-only'); END;

-- What calls would cost in credits had managed access paid for them, call by call; and the list price of those of which
-- that was not worked out when they ended: it is told at the present rate.
ALTER TABLE usage_totals ADD COLUMN credits_at_rate_micro INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage_totals ADD COLUMN unrated_pico INTEGER NOT NULL DEFAULT 0;
UPDATE usage_totals SET credits_at_rate_micro = credits_micro WHERE payer = 'managed' AND credits_micro <> 0;
UPDATE usage_totals SET unrated_pico = cost_pico WHERE payer <> 'managed' OR credits_micro = 0;
