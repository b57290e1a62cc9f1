CREATE TABLE regular_after (position INTEGER NOT NULL) STRICT;
INSERT INTO regular_after SELECT coalesce(max(position), 0) FROM events;
