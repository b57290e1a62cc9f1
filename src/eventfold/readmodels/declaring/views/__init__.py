"""Views: questions declared beside a table, in one small closed language that DuckDB, Spark and Synapse SQL can say."""
