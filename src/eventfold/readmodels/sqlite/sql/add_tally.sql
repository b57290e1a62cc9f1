INSERT INTO _tallies VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (table_name, generation, range) DO UPDATE SET
  events = events + excluded.events,
  total = (total + excluded.total) % 2305843009213693951,
  weighted = (weighted + excluded.weighted) % 2305843009213693951
