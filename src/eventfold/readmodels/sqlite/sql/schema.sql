-- The first form of a state; upgrade_1.sql and those after it make the later ones.
CREATE TABLE log (
  id TEXT NOT NULL
) STRICT;

CREATE TABLE tables (
  name TEXT NOT NULL,
  generation INTEGER NOT NULL,
  live INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  cursor TEXT NOT NULL,
  change INTEGER NOT NULL DEFAULT 0,
  epoch INTEGER NOT NULL DEFAULT 0,
  owner TEXT NOT NULL DEFAULT '',
  leased_until_us INTEGER NOT NULL DEFAULT 0,
  forgotten INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (name, generation)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX one_generation_is_live ON tables (name) WHERE live;

CREATE TABLE parked (
  table_name TEXT NOT NULL,
  generation INTEGER NOT NULL,
  stream TEXT NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (table_name, generation, stream)
) STRICT, WITHOUT ROWID;

CREATE TABLE skips (
  table_name TEXT NOT NULL,
  stream TEXT NOT NULL,
  version INTEGER NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (table_name, stream, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE deleted (
  table_name TEXT NOT NULL,
  generation INTEGER NOT NULL,
  key TEXT NOT NULL,
  change INTEGER NOT NULL,
  PRIMARY KEY (table_name, generation, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE published (
  table_name TEXT NOT NULL,
  generation INTEGER NOT NULL,
  publication TEXT NOT NULL,
  change INTEGER NOT NULL,
  intended INTEGER NOT NULL,
  PRIMARY KEY (table_name, generation, publication)
) STRICT, WITHOUT ROWID;
