-- The definition that the rows were folded by, as JSON; empty where an earlier release began the generation.
ALTER TABLE tables ADD COLUMN definition TEXT NOT NULL DEFAULT '';
