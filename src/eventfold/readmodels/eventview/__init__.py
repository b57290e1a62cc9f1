"""The events of a log as a table that SQL can ask: what a question filters away is not read."""
