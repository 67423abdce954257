-- Version 4 of the journal: which living actors are of which version of their machine.

-- Also counts them without reading a record: `machine_version` changes when a machine does, not with every step.
CREATE INDEX actors_alive_by_version ON actors (kind, machine_version, created_at) WHERE status = 'active';

-- Every version that ever ran here, for what was asked of the actors that are still of it.
CREATE TABLE machines (
  kind TEXT NOT NULL,
  version TEXT NOT NULL,
  label TEXT,
  -- MachineNode as JSON text
  definition TEXT NOT NULL,
  first_seen_at REAL NOT NULL,
  PRIMARY KEY (kind, version)
) STRICT;
CREATE INDEX machines_by_version ON machines (version);
