SELECT c.id, c.eventId, c.aggregateId, c.eventType, c.version, c.timestamp, c.data, c.metadata, c.exact
FROM c
WHERE c.version > @after AND c.version <= @to
ORDER BY c.version DESC
