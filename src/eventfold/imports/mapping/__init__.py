"""From a row to an event: which column says what, and the name of its stream."""
