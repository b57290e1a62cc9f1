"""Brings the jars: `python -m eventfold.testing.kafka [FOLDER]`; says why where it cannot."""

import sys

from eventfold.testing.kafka.jars import KafkaMissing, kafka_jars

if __name__ == "__main__":
    try:
        print(kafka_jars(*sys.argv[1:2]))  # noqa: T201 - a command
    except KafkaMissing as missing:
        sys.exit(f"{missing} The tests that need it are skipped.")
