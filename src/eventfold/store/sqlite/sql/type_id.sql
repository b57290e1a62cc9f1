SELECT id FROM types WHERE name = ?
