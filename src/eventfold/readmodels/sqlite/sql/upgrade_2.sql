-- How many events of each type each category has, and up to where that is counted: no row where it was not begun.
CREATE TABLE _types (
  category TEXT NOT NULL,
  type TEXT NOT NULL,
  events INTEGER NOT NULL,
  PRIMARY KEY (category, type)
) STRICT, WITHOUT ROWID;

CREATE TABLE _types_at (
  cursor TEXT NOT NULL
) STRICT;
