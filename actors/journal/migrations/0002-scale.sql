-- Version 2 of the journal: starts, reads and removals that cost what is in hand and not what has gathered.

-- Whether the actor's state accepts `host.resumed`. Of records from before nobody knows, so they are asked once more.
ALTER TABLE actors ADD COLUMN resumes INTEGER NOT NULL DEFAULT 1;
CREATE INDEX actors_resuming ON actors (kind, created_at) WHERE status = 'active' AND resumes = 1;
-- The few that live among all of an account or session.
CREATE INDEX actors_alive_by_account ON actors (account_id, created_at) WHERE status = 'active';
CREATE INDEX actors_alive_by_session ON actors (session_id, created_at) WHERE status = 'active';

-- What retention removes.
CREATE INDEX actors_ended ON actors (updated_at) WHERE status <> 'active';
CREATE INDEX artifacts_of_none ON artifacts (created_at) WHERE command_id IS NULL;

-- The nearest timers, without reading the others.
CREATE INDEX timers_by_due ON timers (due_at, address, id);
