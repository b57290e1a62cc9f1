"""Effects: what happened reaches people and other systems, in order inside a stream, at least once, under one key."""
