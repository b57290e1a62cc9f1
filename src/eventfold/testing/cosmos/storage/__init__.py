"""What the stand-in keeps: account, containers, documents, keys, transactions, and its journal."""
