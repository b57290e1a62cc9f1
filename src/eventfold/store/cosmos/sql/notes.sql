SELECT c.id, c.kind, c.key, c["value"] FROM c WHERE c.id > @after AND c.id < @below ORDER BY c.id
