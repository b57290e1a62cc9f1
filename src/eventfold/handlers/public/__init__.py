"""Public events: what other systems are told, under a name and a schema of its own, and what they tell."""
