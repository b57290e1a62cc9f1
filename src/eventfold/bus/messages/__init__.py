"""What stands on a topic: events of a log and how far it was read, as CloudEvents in the messages of Kafka."""
