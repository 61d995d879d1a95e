-- When a client was answered with a list, and how far the space had come then: a later question for
-- what changed since a time is about all that is beyond the clock of the newest answer before it. The
-- newest 64 of each client and space. `at_ms`: by this device's clock; later rows have later ones.
-- `clock`: per log its id and the seq that was applied.
CREATE TABLE lanyard_pulls (
  client INTEGER NOT NULL,
  space BLOB NOT NULL,
  at_ms INTEGER NOT NULL,
  clock BLOB NOT NULL,
  PRIMARY KEY (client, space, at_ms)
) WITHOUT ROWID;
