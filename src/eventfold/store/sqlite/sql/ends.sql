SELECT s.name, e.version, e.event_id, e.recorded_us, e.occurred_us, e.metadata
FROM json_each (?) AS wanted
JOIN streams AS s ON s.name = wanted.value
JOIN events AS e ON e.stream = s.id AND e.version = (SELECT max(version) FROM events WHERE stream = s.id)
