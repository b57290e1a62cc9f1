"""Taking a log out: its events as documents in JSON Lines, or as rows of Parquet, so that they come in again equal.

The core path reads in this order: `exporting.py`, `selecting.py`, `lines.py` or `rows.py`, `placing.py`.
What one format calls its columns stands in `columns.py`, for whoever reads an export.
"""

from eventfold.exports.exporting import ExportReport, Format, export_log

__all__ = ["ExportReport", "Format", "export_log"]
