-- A generation that was replaced and is kept: since when, and how many events were left out by decision then.
ALTER TABLE tables ADD COLUMN kept_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tables ADD COLUMN kept_skips INTEGER NOT NULL DEFAULT 0;
