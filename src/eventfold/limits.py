"""The limits that input must keep, in one place. Each has a name in the documentation."""

EVENT_TYPE_CHARS = 128
STREAM_NAME_BYTES = 255
EVENT_BYTES = 900 * 1024
"""One stored event, data and metadata together: what the bus can carry as one message."""

METADATA_BYTES = 64 * 1024
JSON_DEPTH = 64
XML_DEPTH = 200
"""Elements of XML that are open at once; deeper than JSON, so that what is too deep for data refuses its event only."""

NUMBER_DIGITS = 308
"""Digits of one JSON number; more cannot be held by any column type."""

BATCH_EVENTS = 10_000
ROW_BYTES = 4 * 1024 * 1024
"""One row, line, document or value while it is read, in any form: a few bytes of gzip may stand for gigabytes."""

PAGE_BYTES = 8 * 1024 * 1024
"""Rows that are held at once, about; one row of the longest ones may come on top."""

BODY_BYTES = 4 * 1024 * 1024
"""A request with public events of others."""

ATTRIBUTE_CHARS = 2_048
"""An attribute of a public event of others."""

SCHEMA_BYTES = 64 * 1024 * 1024
"""A schema file."""

SETTINGS_BYTES = 1024 * 1024
"""A file of settings, in characters."""

APPEND_BYTES = 128 * 1024 * 1024
"""All lines of one `append --events`, with some bytes for what each becomes: all are checked before one is written."""

OBJECT_BYTES = 256 * 1024 * 1024
"""The objects of an OCEL file in XML or JSON, each with some bytes around it, which are held while events are read."""

PARQUET_BYTES = 256 * 1024 * 1024
"""What Parquet unpacks at once: one page of each column of a group of rows."""

PARQUET_EXPORT_BYTES = 1024 * 1024 * 1024
"""The same of an export: those of earlier releases may have a thousand of the largest events in one page."""

INT_MIN = -(2**63)
INT_MAX = 2**63 - 1
TIME_MIN_US = -62_135_596_800_000_000
TIME_MAX_US = 253_402_300_799_999_999
"""Microseconds since 1970 of the first and the last moment of the years 1 to 9999 in UTC: what a datetime can show."""
