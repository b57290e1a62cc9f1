"""Public events of others out of a topic of Kafka or an event hub."""
