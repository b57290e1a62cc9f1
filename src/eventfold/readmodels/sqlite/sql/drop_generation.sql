DELETE FROM parked WHERE table_name = :name AND generation = :generation;
DELETE FROM deleted WHERE table_name = :name AND generation = :generation;
DELETE FROM published WHERE table_name = :name AND generation = :generation;
DELETE FROM _tallies WHERE table_name = :name AND generation = :generation;
DELETE FROM tables WHERE name = :name AND generation = :generation;
