-- What `teller` says that `device` calls itself, since `told_ms` by this device's clock: for people,
-- as long as this device has not met the other. Whole for each teller, and bounded by what it may say.
CREATE TABLE lanyard_told_names (
  device BLOB NOT NULL,
  teller BLOB NOT NULL,
  name TEXT NOT NULL,
  told_ms INTEGER NOT NULL,
  PRIMARY KEY (device, teller)
) WITHOUT ROWID;
