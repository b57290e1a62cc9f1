SELECT * FROM c WHERE c.version <= @at AND c.id != 'newest' ORDER BY c.version DESC
