"""CloudEvents 1.0: their attributes, and those of others as they arrive."""
