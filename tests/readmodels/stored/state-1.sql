PRAGMA application_id=1702258292;
PRAGMA user_version=1;
BEGIN TRANSACTION;
CREATE TABLE "boxes__1" ("id" TEXT NOT NULL, "_version" INTEGER NOT NULL, "money" TEXT, "text" TEXT, "_o_text" INTEGER, _change INTEGER NOT NULL, PRIMARY KEY ("id")) STRICT, WITHOUT ROWID;
INSERT INTO "boxes__1" VALUES('box-1',2,'1.50000000000000000000','y',2,1);
INSERT INTO "boxes__1" VALUES('box-3',1,'2.00000000000000000000',NULL,1,1);
CREATE TABLE deleted (
  table_name TEXT NOT NULL,
  generation INTEGER NOT NULL,
  key TEXT NOT NULL,
  change INTEGER NOT NULL,
  PRIMARY KEY (table_name, generation, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE log (
  id TEXT NOT NULL
) STRICT;
INSERT INTO "log" VALUES('527d2619-e0e3-465b-8e12-6aa70a7ed4ab');
CREATE TABLE parked (
  table_name TEXT NOT NULL,
  generation INTEGER NOT NULL,
  stream TEXT NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (table_name, generation, stream)
) STRICT, WITHOUT ROWID;
INSERT INTO "parked" VALUES('boxes',1,'box-2','{"stream":"box-2","version":1,"position":3,"partition":"0","event_id":"01a210b0-2716-7291-aabc-1189927e3b42","type":"Noted","code":"value-unfit","message":"Noted.money: ''much'' is no decimal(38,20)","attempts":3,"last_version":1,"parked_us":1795576309530312}');
CREATE TABLE published (
  table_name TEXT NOT NULL,
  generation INTEGER NOT NULL,
  publication TEXT NOT NULL,
  change INTEGER NOT NULL,
  intended INTEGER NOT NULL,
  PRIMARY KEY (table_name, generation, publication)
) STRICT, WITHOUT ROWID;
CREATE TABLE skips (
  table_name TEXT NOT NULL,
  stream TEXT NOT NULL,
  version INTEGER NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (table_name, stream, version)
) STRICT, WITHOUT ROWID;
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
INSERT INTO "tables" VALUES('boxes',1,1,'a5359d02ac4b9db8bd4cf049c3062c84-version','{"log":"527d2619-e0e3-465b-8e12-6aa70a7ed4ab","marks":{"0":{"event":"01a210b027167cecb2e1a6f408e13aba","position":4,"token":""}}}',1,0,'',0,0);
CREATE UNIQUE INDEX one_generation_is_live ON tables (name) WHERE live;
CREATE INDEX "boxes__1_changes" ON "boxes__1" (_change);
CREATE VIEW "boxes" AS SELECT "id" AS "id", "_version" AS "_version", "money" AS "money", "text" AS "text" FROM "boxes__1";
COMMIT;
