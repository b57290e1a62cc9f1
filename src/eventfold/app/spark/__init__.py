"""An app whose tables are kept by jobs on Spark."""
