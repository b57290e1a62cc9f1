SELECT position, stream, version, type, schema_version, event_id, recorded_us, occurred_us, data, metadata
FROM events
WHERE position > :after AND position <= :to
  AND (:types IS NULL OR type IN (SELECT id FROM types WHERE name IN (SELECT value FROM json_each (:types))))
  AND (:categories IS NULL OR
    (SELECT category FROM streams WHERE id = events.stream) IN (SELECT value FROM json_each (:categories)))
ORDER BY position
