-- Version 15 of the journal: what made a state another, so that a life can be replayed.

-- JSON {event, cause}, as the actor took it; NULL: it was no event, or a long one.
ALTER TABLE former ADD COLUMN took TEXT;
