"""What is shown: tables, lines, documents, values."""
