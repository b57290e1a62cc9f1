UPDATE tables SET definition = ? WHERE name = ? AND generation = ? AND definition = ''
