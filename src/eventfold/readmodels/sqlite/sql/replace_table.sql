INSERT INTO tables (name, generation, live, fingerprint, cursor, since, change, epoch, forgotten)
VALUES (:name, :generation, 1, :fingerprint, :cursor, :cursor, :change, :epoch, :change)
