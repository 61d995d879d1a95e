-- (local) Conflicts that were resolved on this device, so that it can be undone. `conflict`: its id.
-- `siblings`: the JSON array of the values that were visible before, the shown one first. `version`:
-- of the record, as whoever resolved it knew it afterwards: what others wrote since is not in it.
-- Written together with the resolution, removed together with its undoing, or after 90 days where
-- there are a thousand newer ones.
CREATE TABLE lanyard_resolutions (
  number INTEGER PRIMARY KEY,
  conflict TEXT NOT NULL,
  collection TEXT NOT NULL,
  key TEXT NOT NULL,
  field TEXT NOT NULL,
  siblings TEXT NOT NULL,
  version TEXT NOT NULL,
  at_ms INTEGER NOT NULL
);
CREATE INDEX lanyard_resolutions_of ON lanyard_resolutions (conflict);
CREATE INDEX lanyard_resolutions_by_age ON lanyard_resolutions (at_ms);
