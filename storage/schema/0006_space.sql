-- (log) What the author of each log held of the others with its last change in it, by their numbers:
-- what the contexts of its changes say together. Its own log is left out. A row for each that was
-- named, so that a change costs what it names, however many logs there are.
CREATE TABLE lanyard_contexts (
  log INTEGER NOT NULL,
  other INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (log, other)
) WITHOUT ROWID;

-- It was a blob of seqs for the logs 0, 1, 2, ..., after their count: each number in bytes of 7 bits,
-- the lowest first, all but its last with the high bit. One step of the walk reads one byte.
INSERT INTO lanyard_contexts
WITH RECURSIVE
  digits (digit, number) AS (VALUES ('0', 0), ('1', 1), ('2', 2), ('3', 3), ('4', 4), ('5', 5),
    ('6', 6), ('7', 7), ('8', 8), ('9', 9), ('A', 10), ('B', 11), ('C', 12), ('D', 13), ('E', 14),
    ('F', 15)),
  bytes (digits, byte) AS (
    SELECT high.digit || low.digit, 16 * high.number + low.number FROM digits high, digits low
  ),
  walk (log, rest, other, seq, shift, is_whole) AS (
    SELECT number, hex(context), -2, 0, 0, 1 FROM lanyard_logs
    UNION ALL
    SELECT log, substr(rest, 3), other + is_whole, iif(is_whole, 0, seq) | ((byte & 127) << shift),
      iif(byte < 128, 0, shift + 7), byte < 128
    FROM walk JOIN bytes ON digits = substr(rest, 1, 2)
  )
SELECT log, other, seq FROM walk WHERE is_whole AND other >= 0 AND other <> log AND seq > 0;

ALTER TABLE lanyard_logs DROP COLUMN context;
