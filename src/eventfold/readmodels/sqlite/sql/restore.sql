DELETE FROM published WHERE table_name = :name AND generation = :from;
UPDATE parked SET generation = :to WHERE table_name = :name AND generation = :from;
UPDATE deleted SET generation = :to WHERE table_name = :name AND generation = :from;
UPDATE _tallies SET generation = :to WHERE table_name = :name AND generation = :from;
UPDATE tables SET generation = :to, live = 1, kept_us = 0, epoch = epoch + 1 WHERE name = :name AND generation = :from;
