-- `user`: a label, for tokens that are good at compatibility listeners alone (docs/COMPAT.md), where
-- whoever has it sees the rows of this user and no others; empty for all other tokens.
ALTER TABLE lanyard_tokens ADD COLUMN user TEXT NOT NULL DEFAULT '';
