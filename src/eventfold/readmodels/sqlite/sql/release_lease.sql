UPDATE tables SET owner = '', leased_until_us = 0 WHERE name = ? AND generation = ? AND owner = ?
