"""How long a Delta table keeps the files that a later version has replaced, as its properties say it."""

import re

RETENTION = "delta.deletedFileRetentionDuration"
DEFAULT_RETENTION = "interval 1 week"
INTERVAL = re.compile(r"interval [0-9]{1,9} [a-z]{1,12}")
