"""What is kept, in memory: the service, its indexes and aliases, and what each replica shows of an index."""
