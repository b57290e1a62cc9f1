DELETE FROM skips WHERE table_name = ?
