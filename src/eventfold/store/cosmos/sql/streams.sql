SELECT c.aggregateId, MAX(c.version) AS version FROM c GROUP BY c.aggregateId
