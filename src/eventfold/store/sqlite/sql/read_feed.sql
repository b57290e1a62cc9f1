SELECT position, stream, version, type, schema_version, event_id, recorded_us, occurred_us, data, metadata
FROM events WHERE position > ? AND position <= ? ORDER BY position
