"""The orders, whose table goes from the embedded engine to Apache Spark and back in the middle of its life."""
