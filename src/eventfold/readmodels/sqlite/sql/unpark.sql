DELETE FROM parked WHERE table_name = ? AND generation = ? AND stream = ?
