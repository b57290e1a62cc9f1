"""Which documents of a replica fit a query, and what is marked in them."""
