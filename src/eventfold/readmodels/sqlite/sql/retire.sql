UPDATE tables SET live = 0 WHERE name = ? AND generation = ?
