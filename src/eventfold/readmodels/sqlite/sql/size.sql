SELECT pgsize FROM dbstat WHERE aggregate = TRUE AND name = ?
