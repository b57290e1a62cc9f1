UPDATE tables SET since = ? WHERE name = ? AND generation = ?
