ALTER TABLE tables ADD COLUMN since TEXT NOT NULL DEFAULT '';
UPDATE tables SET since = cursor;

CREATE TABLE _tallies (
  table_name TEXT NOT NULL,
  generation INTEGER NOT NULL,
  range INTEGER NOT NULL,
  events INTEGER NOT NULL,
  total INTEGER NOT NULL,
  weighted INTEGER NOT NULL,
  PRIMARY KEY (table_name, generation, range)
) STRICT, WITHOUT ROWID;

CREATE TABLE _ledger (
  since TEXT NOT NULL,
  cursor TEXT NOT NULL
) STRICT;
