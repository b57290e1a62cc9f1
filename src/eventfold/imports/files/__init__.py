"""Files as rows: one module for each kind of file, and what they share."""
