"""Effects to a topic of Kafka or an event hub."""
