DELETE FROM _types_at;
INSERT INTO _types_at VALUES (:cursor);
