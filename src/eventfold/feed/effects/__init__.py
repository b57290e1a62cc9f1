"""What handlers must never lose: how far they have come, what they have done, what waits."""
