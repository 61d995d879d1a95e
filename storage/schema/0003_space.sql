-- (local) Fields that apps declared an index for, so that queries by them and in their order are
-- fast on this device. The collection need not be there yet. Each becomes an index
-- lanyard_by_<number of the collection>_<field in hexadecimal> on lanyard_records.
CREATE TABLE lanyard_indexes (
  collection TEXT NOT NULL,
  field TEXT NOT NULL,
  PRIMARY KEY (collection, field)
) WITHOUT ROWID;
