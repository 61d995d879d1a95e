-- One space's file: its log, and the tables that are merged from it. docs/STORAGE.md tells how the
-- blobs are written. Numbers of logs and of collections count from 0 in the order in which the log
-- first names them, so that rebuilding everything from lanyard_log gives the same bytes. Tables
-- marked (local) belong to this device alone and are not rebuilt; all others are functions of
-- lanyard_log.

-- (local) One row: which space this is, and a random name for this copy of it, by which a
-- high-water mark knows the file again.
CREATE TABLE lanyard_space (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  space BLOB NOT NULL,
  store BLOB NOT NULL
);

-- (local) The incarnations in which this device wrote here; the last is the present one. `log` is
-- the number of its log, NULL until its first change. Written when the file is made, and when it
-- was restored, copied or rescued: a log whose end may be known to others is never continued.
CREATE TABLE lanyard_incarnations (
  turn INTEGER PRIMARY KEY,
  incarnation BLOB NOT NULL,
  log INTEGER
);

-- (local) Epoch keys that a signed grant brought ahead of the log in which it stands, sealed to
-- this device's key.
CREATE TABLE lanyard_grants (
  epoch BLOB NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (epoch, sealed)
) WITHOUT ROWID;

-- (local) One row whose only meaning is to be written: committing it with a sync makes everything
-- durable that was committed without one before.
CREATE TABLE lanyard_durable (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  turn INTEGER NOT NULL
);
INSERT INTO lanyard_durable VALUES (1, 0);

-- (local) Spaces whose records are carried over to this one, when two devices' `default` become one:
-- `collection` (the other space's number) and `key` are the last record that is done, and `is_over` 1
-- once all are. Written together with what was carried.
CREATE TABLE lanyard_carried (
  source BLOB PRIMARY KEY,
  collection INTEGER NOT NULL,
  key TEXT,
  is_over INTEGER NOT NULL
) WITHOUT ROWID;

-- (local) Logs that forked: a device signed two changes of one number. The proof and both branches
-- from there on, each a pack of that log alone, signed at its end; the one whose first change has
-- the smaller hash is `first`. `first_hashes`, `second_hashes`: 32 bytes for each of their changes.
-- Which of the two is applied here stands in lanyard_log; nothing else in this file knows of the
-- other one.
CREATE TABLE lanyard_forks (
  log BLOB PRIMARY KEY,
  seq INTEGER NOT NULL,
  device BLOB NOT NULL,
  incarnation BLOB NOT NULL,
  first BLOB NOT NULL,
  second BLOB NOT NULL,
  first_hashes BLOB NOT NULL,
  second_hashes BLOB NOT NULL
) WITHOUT ROWID;

-- The order of application over all logs. A row is a pack: a run as it was written or received, a
-- bulk pack as it was received, or what fold() made of several. `position` is the number of changes
-- before it. `logs`: which changes of which logs it holds; `hashes`: the 32 bytes of each change's
-- hash, log by log in the order of `logs`. Both could be computed from `body`, which would have to
-- be opened for it.
CREATE TABLE lanyard_log (
  position INTEGER PRIMARY KEY,
  changes INTEGER NOT NULL,
  logs BLOB NOT NULL,
  hashes BLOB NOT NULL,
  body BLOB NOT NULL
);

-- Where the changes of a log are, from `first` on up to the next row's.
CREATE TABLE lanyard_log_index (
  log INTEGER NOT NULL,
  first INTEGER NOT NULL,
  position INTEGER NOT NULL,
  PRIMARY KEY (log, first)
) WITHOUT ROWID;

-- What is held of each log: its author, its head, the head's timestamp (64 bits, unsigned) and the
-- author's whole clock in it. `founding` only in the log that founded the space.
CREATE TABLE lanyard_logs (
  number INTEGER PRIMARY KEY,
  log BLOB NOT NULL UNIQUE,
  device BLOB NOT NULL,
  incarnation BLOB NOT NULL,
  founding BLOB,
  seq INTEGER NOT NULL,
  hash BLOB NOT NULL,
  timestamp INTEGER NOT NULL,
  context BLOB NOT NULL
);

-- Effective admissions in order of application, each with the signed change that proves it.
CREATE TABLE lanyard_admissions (
  position INTEGER PRIMARY KEY,
  device BLOB NOT NULL,
  log INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  header BLOB NOT NULL,
  payload BLOB NOT NULL,
  signature BLOB NOT NULL
);
CREATE INDEX lanyard_admissions_by_device ON lanyard_admissions (device);

-- Changes that are held, forwarded and without effect: `effect` is oplog::Effect. An upgrade or a
-- key may give them one.
CREATE TABLE lanyard_ineffective (
  log INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  effect INTEGER NOT NULL,
  epoch BLOB NOT NULL,
  PRIMARY KEY (log, seq)
) WITHOUT ROWID;

CREATE TABLE lanyard_collections (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
);

-- Top-level fields that effective ops wrote to: of each collection the 256 least by their bytes.
-- They become the columns of its view.
CREATE TABLE lanyard_fields (
  collection INTEGER NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (collection, name)
) WITHOUT ROWID;

-- One row per record that was ever edited. `key`: 16 bytes for a lower-case UUID, else text.
-- `value`: the JSON that people see, members sorted, NULL while the record is deleted; an `id` that
-- equals the key is left out. `dots`: what merging needs to know of it.
CREATE TABLE lanyard_records (
  record INTEGER PRIMARY KEY,
  collection INTEGER NOT NULL,
  key NOT NULL,
  value TEXT,
  dots BLOB NOT NULL,
  UNIQUE (collection, key)
);

-- The conflict inbox: what is visible and not shown. `kind` 0: a concurrent value. 2: an element of
-- a set in a field that shows a counter. `log`, `seq` name the change that wrote it, `timestamp` is
-- its, `value` its JSON.
CREATE TABLE lanyard_conflicts (
  collection INTEGER NOT NULL,
  key NOT NULL,
  field TEXT NOT NULL,
  kind INTEGER NOT NULL,
  log INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  value TEXT NOT NULL,
  timestamp INTEGER NOT NULL
);
CREATE INDEX lanyard_conflicts_of ON lanyard_conflicts (collection, key);

-- The trash: what deletes hide. `kind` 0: a value, 1: a part of a counter (its sum; log and seq are
-- 0), 2: an element of a set. `hidden_by`: the deletes.
CREATE TABLE lanyard_trash (
  collection INTEGER NOT NULL,
  key NOT NULL,
  field TEXT NOT NULL,
  kind INTEGER NOT NULL,
  log INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  hidden_by BLOB NOT NULL,
  value TEXT NOT NULL,
  timestamp INTEGER NOT NULL
);
CREATE INDEX lanyard_trash_of ON lanyard_trash (collection, key);

-- Parts of values that were too large for one op, by the hash of the whole.
CREATE TABLE lanyard_chunks (
  log INTEGER NOT NULL,
  hash BLOB NOT NULL,
  part INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (log, hash, part)
);
