INSERT INTO tables (name, generation, live, fingerprint, definition, cursor, since) VALUES (?, ?, ?, ?, ?, ?, ?)
