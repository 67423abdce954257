-- Version 12 of the journal: what each record of the audit log writes.

-- Ids come in no order, so every index of them is a page more that a record writes; of a correlation those of its commands
-- and `since` find the records. And an outcome is looked for when it is rare.
DROP INDEX audit_by_correlation;
DROP INDEX audit_by_outcome;
CREATE INDEX audit_of_rare_outcome ON audit (outcome, created_at) WHERE outcome NOT IN ('accepted', 'SUCCEEDED');
