INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?)
