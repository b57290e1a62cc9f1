"""Runs jobs: the session, and the loop's side of a query."""
