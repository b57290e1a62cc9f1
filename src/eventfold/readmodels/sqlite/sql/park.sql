INSERT OR REPLACE INTO parked VALUES (?, ?, ?, ?)
