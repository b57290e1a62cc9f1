CREATE TABLE IF NOT EXISTS leases (
  reader TEXT NOT NULL,
  partition TEXT NOT NULL,
  cursor TEXT NOT NULL,
  owner TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  renewal INTEGER NOT NULL,
  wanted TEXT NOT NULL,
  tag TEXT NOT NULL,
  PRIMARY KEY (reader, partition)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS notes (
  reader TEXT NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (reader, kind, key)
) STRICT, WITHOUT ROWID;
