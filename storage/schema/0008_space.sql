-- (log) Into how many values a part of lanyard_chunks may still be put: it was sent so many times
-- more than it was used. No row: none. Beside the parts, so that none of their bytes are written, or
-- read, for a number.
CREATE TABLE lanyard_chunk_uses (
  log INTEGER NOT NULL,
  hash BLOB NOT NULL,
  part INTEGER NOT NULL,
  unused INTEGER NOT NULL,
  PRIMARY KEY (log, hash, part)
) WITHOUT ROWID;

-- (local) One row in a file from before, whose parts are counted from the log when it is opened to
-- be written: how many changes were looked at, NULL once all were. `passed_over`: rows of the log
-- that could not be read, so that more may be used than was sent; when one of them is put right all
-- is counted again. No row: everything is counted, and nothing was passed over.
CREATE TABLE lanyard_chunk_count (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  position INTEGER,
  passed_over INTEGER NOT NULL
);

-- No part is looked at here, as a damaged page among them would keep the file from being opened.
INSERT INTO lanyard_chunk_count VALUES (1, 0, 0);

-- lanyard_chunks.unused stays, without a meaning: to drop it would write every part anew.
