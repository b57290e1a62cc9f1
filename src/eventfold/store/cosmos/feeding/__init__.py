"""The feed over the change feed of the service: ranges that split, order, and what was seen."""
