PRAGMA application_id=1702258276;
PRAGMA user_version=1;
BEGIN TRANSACTION;
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
INSERT INTO "events" VALUES(1,1,1,1,1,X'01A210B0271479EEAEECC5F7469F188C',1795576309525407,NULL,'{"text":"x","money":"1.5"}','{}');
INSERT INTO "events" VALUES(2,1,2,1,1,X'01A210B027147A92B1EA98E6ADC56544',1795576309525407,NULL,'{"text":"y"}','{}');
INSERT INTO "events" VALUES(3,2,1,1,1,X'01A210B027167291AABC1189927E3B42',1795576309526275,NULL,'{"money":"much"}','{}');
INSERT INTO "events" VALUES(4,3,1,1,1,X'01A210B027167CECB2E1A6F408E13ABA',1795576309526927,NULL,'{"money":"2"}','{}');
INSERT INTO "events" VALUES(5,4,1,1,1,X'01A210B0271C7A5F9DA80F31480D6CA4',1795576309532796,NULL,'{"money":"4"}','{}');
CREATE TABLE log (
  id TEXT NOT NULL,
  created_us INTEGER NOT NULL
) STRICT;
INSERT INTO "log" VALUES('527d2619-e0e3-465b-8e12-6aa70a7ed4ab',1795576309499834);
CREATE TABLE streams (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  category TEXT NOT NULL
) STRICT;
INSERT INTO "streams" VALUES(1,'box-1','box');
INSERT INTO "streams" VALUES(2,'box-2','box');
INSERT INTO "streams" VALUES(3,'box-3','box');
INSERT INTO "streams" VALUES(4,'box-4','box');
CREATE TABLE types (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO "types" VALUES(1,'Noted');
CREATE INDEX streams_by_category ON streams (category, name);
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
COMMIT;
