SELECT cursor, change, fingerprint, epoch,
  (SELECT count(*) FROM parked WHERE table_name = tables.name AND generation = tables.generation),
  forgotten
FROM tables WHERE name = ? AND generation = ? AND NOT kept_us
