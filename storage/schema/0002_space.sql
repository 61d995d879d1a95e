-- (local) Changes that clients named, so that one that is sent again, because its answer was lost, is
-- not written again. `id`: a hash of who wrote and of the client's name for the change; `content`: a
-- hash of what was in it; 16 bytes each. `log` (its 32 bytes) and `seq` name the change that was
-- written, which may be one of another space that was carried over to this one; `ops`: how many it had;
-- `at_ms`: when, by this device's clock, but later than that of every row before it: their order is
-- the order of writing. Written together with the change; the newest 1,000,000 are kept.
CREATE TABLE lanyard_mutations (
  id BLOB PRIMARY KEY,
  content BLOB NOT NULL,
  log BLOB NOT NULL,
  seq INTEGER NOT NULL,
  ops INTEGER NOT NULL,
  at_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX lanyard_mutations_by_age ON lanyard_mutations (at_ms);
