"""What is taken out of metadata for columns of their own, in DuckDB's SQL."""

SAID = {
    # what stands in metadata that is no JSON, as very old events may have it, is no reason to refuse the question
    "actor": "TRY(metadata ->> '$.actor')",
    "correlation_id": "TRY(metadata ->> '$.correlationId')",
    "causation_id": "TRY(metadata ->> '$.causationId')",
}
"""Column -> expression over the column `metadata`."""
