SELECT e.position, s.name, e.version, t.name, e.schema_version, e.event_id, e.recorded_us, e.occurred_us, e.data, e.metadata
FROM json_each (?) AS wanted
JOIN events AS e ON e.event_id = unhex(wanted.value)
JOIN streams AS s ON s.id = e.stream
JOIN types AS t ON t.id = e.type
