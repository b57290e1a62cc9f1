SELECT id, name FROM streams WHERE id IN (SELECT value FROM json_each (?))
