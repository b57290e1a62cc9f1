UPDATE tables SET forgotten = max(forgotten, (
  SELECT min(change) FROM published
  WHERE table_name = :name AND generation = :generation AND noted_us >= :after))
WHERE name = :name AND generation = :generation
