DELETE FROM deleted WHERE table_name = :name AND generation = :generation
  AND change <= (
    SELECT min(change) FROM published
    WHERE table_name = :name AND generation = :generation AND noted_us >= :after)
