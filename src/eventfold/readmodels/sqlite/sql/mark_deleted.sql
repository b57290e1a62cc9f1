INSERT OR REPLACE INTO deleted VALUES (?, ?, ?, ?)
