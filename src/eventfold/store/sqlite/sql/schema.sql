CREATE TABLE log (
  id TEXT NOT NULL,
  created_us INTEGER NOT NULL
) STRICT;

CREATE TABLE streams (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  category TEXT NOT NULL
) STRICT;
CREATE INDEX streams_by_category ON streams (category, name);

CREATE TABLE types (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE events (
  position INTEGER PRIMARY KEY,
  stream INTEGER NOT NULL REFERENCES streams (id),
  version INTEGER NOT NULL CHECK (version > 0),
  type INTEGER NOT NULL REFERENCES types (id),
  schema_version INTEGER NOT NULL CHECK (schema_version > 0),
  event_id BLOB NOT NULL UNIQUE CHECK (length(event_id) = 16),
  recorded_us INTEGER NOT NULL,
  occurred_us INTEGER,
  data TEXT NOT NULL,
  metadata TEXT NOT NULL,
  UNIQUE (stream, version)
) STRICT;

CREATE TRIGGER events_are_never_updated BEFORE UPDATE ON events
BEGIN
  SELECT RAISE (ABORT, 'events are never updated');
END;

CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
BEGIN
  SELECT RAISE (ABORT, 'events are never deleted');
END;

CREATE TRIGGER the_log_is_never_renamed BEFORE UPDATE ON log
BEGIN
  SELECT RAISE (ABORT, 'the id of a log never changes');
END;
