UPDATE tables SET cursor = ?, change = ? WHERE name = ? AND generation = ?
