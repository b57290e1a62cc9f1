SELECT c.aggregateId, MAX(c.version) AS version FROM c WHERE ARRAY_CONTAINS(@streams, c.aggregateId) GROUP BY c.aggregateId
