"""Who may ask Azure Cosmos DB, its faults, and what is noted of a request."""
