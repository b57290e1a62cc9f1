"""What an index is: its fields, their types and attributes, and what may be in a document. Nothing is kept here."""
