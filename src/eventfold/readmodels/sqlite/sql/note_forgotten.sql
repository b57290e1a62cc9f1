UPDATE tables SET forgotten = max(forgotten, (
  SELECT min(change) FROM published WHERE table_name = :name AND generation = :generation))
WHERE name = :name AND generation = :generation
