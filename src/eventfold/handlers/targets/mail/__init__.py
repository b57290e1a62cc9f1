"""Mail: what a handler says to people, and the server that takes it."""
