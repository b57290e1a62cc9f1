SELECT TOP 1 c.version, c.timestamp FROM c ORDER BY c.version DESC
