SELECT since, cursor FROM tables WHERE name = ? AND generation = ?
