-- When each publication was noted last: one that does not come is not waited for without end.
ALTER TABLE published ADD COLUMN noted_us INTEGER NOT NULL DEFAULT 0;
UPDATE published SET noted_us = CAST(unixepoch('subsec') * 1000000 AS INTEGER);
