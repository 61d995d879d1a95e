-- What a space adds to the sums over all of them, as it was when its file was closed: an open one
-- knows it by itself. `applied`: its applied clock, as lanyard_progress has clocks; NULL before it was
-- closed for the first time. `conflicts`: fields with several values. `forks`: logs with two branches.
-- `own_ms`: when this device wrote to it last, by its own clock; 0 never. `unconfirmed`: changes that
-- no other device is known to hold.
ALTER TABLE spaces ADD COLUMN applied BLOB;
ALTER TABLE spaces ADD COLUMN conflicts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE spaces ADD COLUMN forks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE spaces ADD COLUMN own_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE spaces ADD COLUMN unconfirmed INTEGER NOT NULL DEFAULT 0;

-- `shown`: what the device's own changes show that it holds, NULL if there are none. `missing`: how
-- many of the changes in `applied` of the space neither it nor `clock` has. Every other member of a
-- space that was closed once has a row.
ALTER TABLE lanyard_progress ADD COLUMN shown BLOB;
ALTER TABLE lanyard_progress ADD COLUMN missing INTEGER NOT NULL DEFAULT 0;
CREATE INDEX lanyard_missing ON lanyard_progress (space, device, missing) WHERE missing > 0;

-- All of it is found when a space is opened and closed again.
UPDATE spaces SET is_dirty = 1 WHERE has_data = 1 AND has_left = 0;
