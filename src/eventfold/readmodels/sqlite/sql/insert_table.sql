INSERT INTO tables (name, generation, live, fingerprint, cursor, since) VALUES (?, ?, ?, ?, ?, ?)
