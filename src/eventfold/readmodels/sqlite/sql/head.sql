SELECT cursor, change, fingerprint, epoch,
  (SELECT count(*) FROM parked WHERE table_name = tables.name AND generation = tables.generation)
FROM tables WHERE name = ? AND generation = ?
