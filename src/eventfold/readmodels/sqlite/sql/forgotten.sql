SELECT forgotten FROM tables WHERE name = ? AND generation = ?
