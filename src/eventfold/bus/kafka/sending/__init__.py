"""How a relay sends, in each mode."""
