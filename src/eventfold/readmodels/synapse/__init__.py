"""Synapse SQL: the scripts by which SQL users of Azure read published tables. They are printed, and run by people."""
