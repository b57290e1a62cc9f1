"""Planning: what a changed definition makes of a table, told before it is made."""
