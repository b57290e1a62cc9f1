INSERT OR REPLACE INTO published VALUES (?, ?, ?, ?, ?)
