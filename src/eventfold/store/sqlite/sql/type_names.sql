SELECT id, name FROM types WHERE id IN (SELECT value FROM json_each (?))
