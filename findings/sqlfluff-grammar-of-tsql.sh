#!/usr/bin/env bash
# sqlfluff 4.5.0, dialect tsql: a bracket in a bracketed name, doubled as T-SQL wants it, is not read; neither is a GRANT on a
# database scoped credential, nor COPY INTO from storage in another cloud than the public one. Types have no bounds:
# DECIMAL(99,98) passes. Whoever checks printed scripts by it needs a list of what it does not have.
#
# Seen:
#   sqlfluff 4.5.0
#   as described: [a]] b] is not read
#   as described: control: [a b] is read
#   as described: GRANT on a database scoped credential is not read
#   as described: control: GRANT on an object is read
#   as described: COPY INTO from https://lake.dfs.core.usgovcloudapi.net/shop is not read
#   as described: control: COPY INTO from https://lake.dfs.core.windows.net/shop is read
#   as described: DECIMAL(99,98) is read
#
# Exit code 0: the behaviour is as described. Anything else: it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check sqlfluff==4.5.0
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import sqlfluff
from sqlfluff.core import FluffConfig, Linter

print("sqlfluff", sqlfluff.__version__)
linter = Linter(config=FluffConfig(overrides={"dialect": "tsql"}))
changed = []


def check(what, sql, read):
    right = (not linter.parse_string(sql + "\n").violations) == read
    print("as described:" if right else "CHANGED:", what, "is read" if read else "is not read")
    if not right:
        changed.append(what)


def copy(address):
    return f"COPY INTO from {address}", f"COPY INTO [t] FROM '{address}' WITH (FILE_TYPE = 'PARQUET');"


check("[a]] b]", "SELECT [a]] b] FROM [t];", False)
check("control: [a b]", "SELECT [a b] FROM [t];", True)
check("GRANT on a database scoped credential", "GRANT REFERENCES ON DATABASE SCOPED CREDENTIAL::[c] TO [r];", False)
check("control: GRANT on an object", "GRANT SELECT ON OBJECT::[dbo].[t] TO [r];", True)
check(*copy("https://lake.dfs.core.usgovcloudapi.net/shop"), False)
what, sql = copy("https://lake.dfs.core.windows.net/shop")
check(f"control: {what}", sql, True)
check("DECIMAL(99,98)", "SELECT CAST([a] AS DECIMAL(99,98)) AS [a] FROM [t];", True)
sys.exit(1 if changed else 0)
PYTHON
