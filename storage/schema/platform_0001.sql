-- What this device knows beside what stands in its spaces: platform.sqlite. Local: nothing of it is
-- synced, and each device has its own. Ids of devices and logs are their bytes; a space's id is its
-- text, as in the name of its file. Times are milliseconds since 1970 by this device's clock.

-- Devices that we know: `paired` 1 if they were paired or added here, 0 if we only have a space with
-- them, and then only as long as that is so. `given_name` is ours for it, NULL if we gave none;
-- `said_name` is what it calls itself, empty until we met. A forgotten one keeps its row, so that its
-- names can be shown where its changes are, and so that the refusal outlives a restart.
CREATE TABLE lanyard_devices (
  device BLOB PRIMARY KEY,
  given_name TEXT,
  said_name TEXT NOT NULL,
  forgotten INTEGER NOT NULL,
  added_ms INTEGER NOT NULL,
  last_seen_ms INTEGER NOT NULL,
  paired INTEGER NOT NULL
) WITHOUT ROWID;

-- Where a device was added or reached, host:port; the one with the greatest `turn` came last. Hints:
-- who answers there proves who it is.
CREATE TABLE lanyard_addresses (
  device BLOB NOT NULL,
  address TEXT NOT NULL,
  turn INTEGER NOT NULL,
  PRIMARY KEY (device, address)
) WITHOUT ROWID;

-- One row per space; `id` and `created_at` are named as in an older program's table.
-- `name`: what people here call it, unique. `said_name`: what the space calls itself, as it was when
-- `name` was made from it; NULL until known. `has_left`: kept on disk, neither asked for nor served.
-- `has_data`: 1 before anything is written to its file, so that a file that is gone is noticed.
-- `digest`: of its applied clock, 32 bytes. `is_dirty`: 1, on disk, before the first write to the
-- file since it was opened; the digest and the members may then be old, and are found again before
-- they are used. `has_failed`: the disk failed under its file, which is not to be written to before it
-- was copied to a new one. `now_part_of`: the space into which this one was carried over, for which
-- its id stands; NULL for all others.
CREATE TABLE spaces (
  id TEXT PRIMARY KEY,
  created_at INTEGER NOT NULL,
  name TEXT NOT NULL UNIQUE,
  said_name TEXT,
  has_left INTEGER NOT NULL,
  has_data INTEGER NOT NULL,
  digest BLOB NOT NULL,
  is_dirty INTEGER NOT NULL,
  has_failed INTEGER NOT NULL,
  now_part_of TEXT
) WITHOUT ROWID;
CREATE INDEX lanyard_parts ON spaces (id) WHERE now_part_of IS NOT NULL;
CREATE INDEX lanyard_dirty_spaces ON spaces (id) WHERE is_dirty = 1;

-- Who is a member of which space, copied from its log: asked at each link, for all spaces at once.
CREATE TABLE lanyard_space_members (
  device BLOB NOT NULL,
  space TEXT NOT NULL,
  PRIMARY KEY (device, space)
) WITHOUT ROWID;
CREATE INDEX lanyard_members_by_space ON lanyard_space_members (space);

-- How far a device has said that it holds a space durably. `clock`: canonical msgpack of
-- [[log, seq, head hash], ...] in the order of the logs. May be old: it is said again.
CREATE TABLE lanyard_progress (
  device BLOB NOT NULL,
  space TEXT NOT NULL,
  clock BLOB NOT NULL,
  PRIMARY KEY (device, space)
) WITHOUT ROWID;

-- Small facts that outlive a restart: ports that were chosen, the name of this store.
CREATE TABLE lanyard_settings (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;
