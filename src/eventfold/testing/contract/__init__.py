"""The chapters of the store's contract, one subject each."""
