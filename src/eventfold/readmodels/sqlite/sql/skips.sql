SELECT content FROM skips WHERE table_name = ? ORDER BY stream, version
