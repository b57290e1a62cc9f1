"""Brings Azurite: `python -m tests.azurite [FOLDER]`; says why where it cannot."""

import sys

from tests.azurite.bring import AzuriteMissing, bring

if __name__ == "__main__":
    try:
        print(bring(*sys.argv[1:2]))
    except AzuriteMissing as missing:
        sys.exit(f"{missing} The tests that need it are skipped.")
