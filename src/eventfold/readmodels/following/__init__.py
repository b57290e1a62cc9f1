"""Following: a worker has a table by a lease, keeps it up to date, and keeps the ledger of its log."""
