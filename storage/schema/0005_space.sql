-- (local) Records whose member `id` is neither absent, nor null, nor their key: `id` as json_extract
-- has it, but a text whole. So an id is found by its value also where it is not the key. Written with
-- the record, and never taken away: a row counts only if the record still has that id.
CREATE TABLE lanyard_own_ids (
  collection INTEGER NOT NULL,
  id NOT NULL,
  key NOT NULL,
  PRIMARY KEY (collection, id, key)
) WITHOUT ROWID;

-- (local) Fields of which some record has, or had, a text with U+0000, at which json_extract of SQLite
-- 3.40 ends: views and indexes decode them in another way. Written with the record.
CREATE TABLE lanyard_zero_fields (
  collection INTEGER NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (collection, name)
) WITHOUT ROWID;

INSERT INTO lanyard_zero_fields SELECT DISTINCT r.collection, m.key FROM lanyard_records r, json_each(r.value) m
WHERE instr(r.value, '\u0000') AND m.type = 'text' AND instr(m.key, '"') = 0 AND instr(m.key, '\') = 0 AND
  instr(r.value -> ('$."' || m.key || '"'), '\u0000');

INSERT INTO lanyard_own_ids SELECT collection, CASE WHEN instr(value -> '$.id', '\u0000') AND
  json_type(value, '$.id') = 'text' THEN replace(replace(json_extract(replace(replace(replace(value -> '$.id', '\\',
  '\u005c'), '\u0001', '\u0001a'), '\u0000', '\u0001b'), '$'), char(1) || 'b', char(0)), char(1) || 'a', char(1))
  ELSE json_extract(value, '$.id') END, key FROM lanyard_records WHERE json_extract(value, '$.id') IS NOT NULL;
