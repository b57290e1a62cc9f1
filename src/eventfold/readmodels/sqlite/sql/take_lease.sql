UPDATE tables SET epoch = ?, owner = ?, leased_until_us = ? WHERE name = ? AND generation = ?
