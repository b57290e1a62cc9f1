INSERT INTO notes (reader, kind, key, value) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (reader, kind, key) DO UPDATE SET value = excluded.value;
