-- Under which epoch this state has a published table: no row where it never took it over.
CREATE TABLE _owned (
  table_name TEXT NOT NULL,
  publication TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  PRIMARY KEY (table_name, publication)
) STRICT, WITHOUT ROWID;
