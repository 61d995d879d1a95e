-- What the compatibility listeners remember: compat.sqlite. Local: nothing of it is synced. Who loses
-- this file loses the listeners' settings and the values that were to stay on this device, and no
-- record: clients are then taken to know nothing, so that what they post is added and never removes.

-- The listeners that were switched on once. `kind`: which foreign protocol. `port`: 0 for the ports of
-- the original. `space`: `default`, or a space's id as text. `enabled`: 1 if it serves, also after the
-- next start.
CREATE TABLE lanyard_listeners (
  kind TEXT PRIMARY KEY,
  port INTEGER NOT NULL,
  space TEXT NOT NULL,
  enabled INTEGER NOT NULL
) WITHOUT ROWID;

-- Lists that belong to a listener. `list` 0: origins of pages that may speak to it; 1: members of
-- settings that stay on this device although they are no secrets.
CREATE TABLE lanyard_listener_texts (
  kind TEXT NOT NULL,
  list INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (kind, list, value)
) WITHOUT ROWID;

-- Records that clients have seen, so that the tables below name them by a number. `parent`: the key of
-- what a client has it in, such as a message's chat; empty if it stands alone.
CREATE TABLE lanyard_things (
  number INTEGER PRIMARY KEY,
  space BLOB NOT NULL,
  collection TEXT NOT NULL,
  key TEXT NOT NULL,
  parent TEXT NOT NULL,
  UNIQUE (space, collection, key)
);
CREATE INDEX lanyard_things_of ON lanyard_things (space, collection, parent);

-- What a record was when some client read or wrote it: the newest 64 of each, and those that a client
-- still believes. `content`: 16 bytes of a hash over its members. `version`: what its reader had seen
-- of it, as reads return it. `updated_at`: the app's own member of that meaning, NULL where it has
-- none. `members`: per member the length of its name, the name, and 16 bytes of a hash of its value.
CREATE TABLE lanyard_seen (
  number INTEGER PRIMARY KEY,
  thing INTEGER NOT NULL,
  content BLOB NOT NULL,
  version TEXT NOT NULL,
  updated_at INTEGER,
  members BLOB NOT NULL,
  seen_ms INTEGER NOT NULL
);
CREATE INDEX lanyard_seen_of ON lanyard_seen (thing, content);

-- Who speaks: a listener, a page's origin and a program's name for itself, in one text.
CREATE TABLE lanyard_clients (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
);

-- What each client read or wrote last of a record: its base, against which what it posts is compared.
CREATE TABLE lanyard_believed (
  client INTEGER NOT NULL,
  thing INTEGER NOT NULL,
  seen INTEGER NOT NULL,
  PRIMARY KEY (client, thing)
) WITHOUT ROWID;
CREATE INDEX lanyard_believed_of ON lanyard_believed (thing, seen);

-- Members of records that must not leave this device: secrets, and what is to differ per device.
-- `value`: its JSON.
CREATE TABLE lanyard_kept_here (
  space BLOB NOT NULL,
  collection TEXT NOT NULL,
  key TEXT NOT NULL,
  member TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (space, collection, key, member)
) WITHOUT ROWID;
