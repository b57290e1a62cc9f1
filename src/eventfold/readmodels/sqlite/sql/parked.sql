SELECT content FROM parked WHERE table_name = ? AND generation = ? ORDER BY stream
