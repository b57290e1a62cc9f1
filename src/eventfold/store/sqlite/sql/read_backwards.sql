SELECT position, version, type, schema_version, event_id, recorded_us, occurred_us, data, metadata
FROM events WHERE stream = ? AND version > ? AND version <= ? ORDER BY version DESC LIMIT ?
