-- The selector registry: one row for each look of a sweep at a name. `tried` is a JSON list. How a name stands now is its actor's.
CREATE TABLE selector_sweeps (
  platform TEXT NOT NULL,
  name TEXT NOT NULL,
  command_id TEXT NOT NULL,
  swept_at REAL NOT NULL,
  state TEXT NOT NULL,
  selector TEXT,
  likeness REAL,
  tried TEXT NOT NULL,
  PRIMARY KEY (platform, name, command_id)
) STRICT;
CREATE INDEX selector_sweeps_by_name ON selector_sweeps (platform, name);
CREATE INDEX selector_sweeps_by_command ON selector_sweeps (command_id);
