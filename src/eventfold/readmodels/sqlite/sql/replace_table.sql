INSERT INTO tables (name, generation, live, fingerprint, definition, cursor, since, change, epoch, forgotten)
VALUES (:name, :generation, 1, :fingerprint, :definition, :cursor, :cursor, :change, :epoch, :change)
