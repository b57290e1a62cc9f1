SELECT generation, kept_skips = (SELECT count(*) FROM skips WHERE table_name = tables.name)
FROM tables WHERE name = ? AND fingerprint = ? AND kept_us ORDER BY generation DESC LIMIT 1
