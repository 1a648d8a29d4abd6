-- A store as schema 1 wrote it; never change this file.
PRAGMA application_id = 1330139988;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE field (
    measurement TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('float', 'bool', 'string')),
    PRIMARY KEY (measurement, name)
) WITHOUT ROWID;
INSERT INTO "field" VALUES('air','co2_ppm','float');
INSERT INTO "field" VALUES('air','co2_ppm_suspect','float');
INSERT INTO "field" VALUES('air','temperature_c','float');
INSERT INTO "field" VALUES('facility','state','string');
INSERT INTO "field" VALUES('facility','working','bool');
CREATE TABLE mark (
    region TEXT PRIMARY KEY,
    n INTEGER NOT NULL,
    time INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO "mark" VALUES('north',42,1700000000000);
CREATE TABLE sample (
    day INTEGER NOT NULL,
    series INTEGER NOT NULL,
    time INTEGER NOT NULL,
    value NOT NULL,
    PRIMARY KEY (day, series, time)
) WITHOUT ROWID;
INSERT INTO "sample" VALUES(19675,1,1700000000000,612.5);
INSERT INTO "sample" VALUES(19675,2,1700000000000,21.0);
INSERT INTO "sample" VALUES(19675,3,1700000060000,9000.0);
INSERT INTO "sample" VALUES(19675,4,1700000000000,1);
INSERT INTO "sample" VALUES(19675,5,1700000000000,'called');
CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    measurement TEXT NOT NULL,
    tags TEXT NOT NULL,
    field TEXT NOT NULL,
    UNIQUE (measurement, tags, field)
);
INSERT INTO "series" VALUES(1,'air','{"point":"p1","region":"north","room":"lobby","site":"hall-1"}','co2_ppm');
INSERT INTO "series" VALUES(2,'air','{"point":"p1","region":"north","room":"lobby","site":"hall-1"}','temperature_c');
INSERT INTO "series" VALUES(3,'air','{"point":"p1","region":"north","room":"lobby","site":"hall-1"}','co2_ppm_suspect');
INSERT INTO "series" VALUES(4,'facility','{"kind":"call-toilet","point":"cord","region":"north","room":"wc","site":"hall-1"}','working');
INSERT INTO "series" VALUES(5,'facility','{"kind":"call-toilet","point":"cord","region":"north","room":"wc","site":"hall-1"}','state');
CREATE INDEX series_by_place
    ON series (json_extract(tags, '$.site'), json_extract(tags, '$.point'), measurement, field);
CREATE VIEW stored AS
    SELECT measurement, json_extract(tags, '$.region') AS region, json_extract(tags, '$.site') AS site,
           json_extract(tags, '$.room') AS room, json_extract(tags, '$.point') AS point,
           field, day, time, value
    FROM sample JOIN series ON series.id = sample.series;
COMMIT;
