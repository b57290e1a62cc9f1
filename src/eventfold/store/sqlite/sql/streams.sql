SELECT name, category, (SELECT max(version) FROM events WHERE stream = streams.id)
FROM streams WHERE name > ? ORDER BY name LIMIT ?
