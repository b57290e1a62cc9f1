"""Following: cursors, and the loop that reads what comes after one. Handlers live elsewhere."""
