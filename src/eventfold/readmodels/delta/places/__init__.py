"""Where a Delta table stands. All files beside its own ones are read and written by a few questions to its place."""
