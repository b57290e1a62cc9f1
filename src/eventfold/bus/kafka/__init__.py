"""Apache Kafka, and Azure Event Hubs through its Kafka endpoint, by confluent-kafka."""
