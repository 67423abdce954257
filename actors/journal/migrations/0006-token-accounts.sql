-- A token may be bound to accounts: a JSON list of them. NULL: any, as all before this were.
ALTER TABLE tokens ADD COLUMN accounts TEXT;
