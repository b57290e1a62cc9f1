"""A second process that reads a topic for a reader far behind, so that one takes apart while the other folds."""
