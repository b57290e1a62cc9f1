"""Declaring: what a table is, its columns, what they take from events, and the rows that follow."""
