-- Who may speak through the local API. Local, like all of platform.sqlite: a token is good on this
-- device alone.

-- Tokens that were given to apps and scripts; a row goes when its token is revoked. `id`: 8 random
-- bytes, by which people and programs name it. `hash`: BLAKE2b-256 of the token's text, which is kept
-- nowhere. `app`: what people call who has it. `origin`: the web origin that alone may use it; empty
-- for programs, and then no page may. `all_spaces`: 1 for every space, those to come too; the token has
-- no rows in lanyard_token_spaces then, and `may_write` says whether it may write to them. `may_manage`:
-- 1 if it may create, rename and leave spaces and ask for a sync. `last_used_ms`: 0 before the first
-- use; minutes old, and older after a crash. `expires_ms`: 0 never.
CREATE TABLE lanyard_tokens (
  id BLOB PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  app TEXT NOT NULL,
  origin TEXT NOT NULL,
  all_spaces INTEGER NOT NULL,
  may_write INTEGER NOT NULL,
  may_manage INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  last_used_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL
) WITHOUT ROWID;

-- A token's spaces, one row each: it may read them, and write to them where `may_write` is 1. A space
-- that was left keeps its rows; one that was carried over gives them to the one that it is a part of.
CREATE TABLE lanyard_token_spaces (
  token BLOB NOT NULL,
  space TEXT NOT NULL,
  may_write INTEGER NOT NULL,
  PRIMARY KEY (token, space)
) WITHOUT ROWID;
CREATE INDEX lanyard_tokens_by_space ON lanyard_token_spaces (space);
