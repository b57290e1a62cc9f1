UPDATE tables SET live = 0, owner = '', leased_until_us = 0, kept_us = :now,
  kept_skips = (SELECT count(*) FROM skips WHERE table_name = :name)
WHERE name = :name AND generation = :generation
