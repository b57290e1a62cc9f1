"""The lake copy: every event of a log in one append-only table of a lake, written exactly once, read as a feed."""
