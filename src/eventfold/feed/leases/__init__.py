"""Workers that share a feed by its partitions, each partition in one hand at a time."""
