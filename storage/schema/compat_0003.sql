-- What the pages of a client may have in front of them: states of a whole (a chat with its messages, a
-- setting with its notes), each as one of its pages was given or posted it last. A page that posts goes
-- on to another state; a page that is closed says nothing, so states may be of nobody any more.
-- `whole`: its thing. `copies`: how many pages may have it. `was_left`: 1 once a page may have gone on
-- from it, so that who posts it again may be one that came back. `heard_ms`: when it was given or
-- posted last. Of a client and whole the 32 that were heard of last.
CREATE TABLE lanyard_states (
  number INTEGER PRIMARY KEY,
  client INTEGER NOT NULL,
  whole INTEGER NOT NULL,
  copies INTEGER NOT NULL,
  was_left INTEGER NOT NULL,
  heard_ms INTEGER NOT NULL
);
CREATE INDEX lanyard_states_of ON lanyard_states (client, whole);

-- What is in a state, and which of its versions was seen.
CREATE TABLE lanyard_state_parts (
  state INTEGER NOT NULL,
  thing INTEGER NOT NULL,
  seen INTEGER NOT NULL,
  PRIMARY KEY (state, thing)
) WITHOUT ROWID;
CREATE INDEX lanyard_state_parts_of ON lanyard_state_parts (thing, seen);
