-- What devices of this person say of others: `author` says since `at_ms`, by its clock, that `device`
-- is forgotten (1) or known again (0). One row for each two, the newest word; `signature` is the
-- author's (docs/PROTOCOL.md, section 8), since the word is passed on. Which of them count follows from
-- all of them, and what comes out stands in lanyard_devices.
CREATE TABLE lanyard_forgettings (
  device BLOB NOT NULL,
  author BLOB NOT NULL,
  at_ms INTEGER NOT NULL,
  is_forgotten INTEGER NOT NULL,
  signature BLOB NOT NULL,
  PRIMARY KEY (device, author)
) WITHOUT ROWID;

-- Members with which a person shared a space once more, and which have not been told so yet: they may
-- have left it.
CREATE TABLE lanyard_invitations (
  device BLOB NOT NULL,
  space TEXT NOT NULL,
  PRIMARY KEY (device, space)
) WITHOUT ROWID;
