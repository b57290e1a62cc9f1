SELECT name, category, (SELECT max(version) FROM events WHERE stream = streams.id)
FROM streams WHERE category = ? AND name > ? ORDER BY name LIMIT ?
