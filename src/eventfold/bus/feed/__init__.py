"""The feed that reads a log in a topic: events with the partitions and positions of their log, each once."""
