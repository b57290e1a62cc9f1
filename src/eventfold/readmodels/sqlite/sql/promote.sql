UPDATE tables SET live = 1 WHERE name = ? AND generation = ?
