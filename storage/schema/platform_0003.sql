-- How a space is kept in step with others: `sync_mode` 0 with every member (hybrid), 1 with nobody
-- (local-only: neither asked for nor served), 2 as 0, and its writes count as unconfirmed until
-- another member has them (peer-required). `is_archived`: 1 for a space that is put away: read here,
-- not written to, and neither asked for nor served.
ALTER TABLE spaces ADD COLUMN sync_mode INTEGER NOT NULL DEFAULT 0;
ALTER TABLE spaces ADD COLUMN is_archived INTEGER NOT NULL DEFAULT 0;

-- `at_ms`: when it said so last, by this device's clock; 0: before this column was there.
ALTER TABLE lanyard_progress ADD COLUMN at_ms INTEGER NOT NULL DEFAULT 0;
