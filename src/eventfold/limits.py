"""The limits that input must keep, in one place. Each has a name in the documentation."""

EVENT_TYPE_CHARS = 128
STREAM_NAME_BYTES = 255
EVENT_BYTES = 900 * 1024
"""One stored event, data and metadata together: what the bus can carry as one message."""

METADATA_BYTES = 64 * 1024
JSON_DEPTH = 64
NUMBER_DIGITS = 308
"""Digits of one JSON number; more cannot be held by any column type."""

BATCH_EVENTS = 10_000
INT_MIN = -(2**63)
INT_MAX = 2**63 - 1
TIME_MIN_US = -62_135_596_800_000_000
TIME_MAX_US = 253_402_300_799_999_999
"""Microseconds since 1970 of the first and the last moment of the years 1 to 9999 in UTC: what a datetime can show."""
