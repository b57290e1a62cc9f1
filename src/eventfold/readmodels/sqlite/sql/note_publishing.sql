INSERT INTO published VALUES (?1, ?2, ?3, 0, ?4, ?5)
ON CONFLICT (table_name, generation, publication) DO UPDATE SET intended = excluded.intended
