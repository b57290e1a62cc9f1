#!/usr/bin/env bash
# duckdb 2.0.0: max_temp_directory_size in the configuration of connect() is shown as it was given and not enforced; the same
# value by SET is. Where it is enforced, a folder that may not grow is raised as OutOfMemoryException, the error of too little
# memory: only its text, which names the setting, tells the two apart.
#
# Seen:
#   duckdb 2.0.0
#   as described: 1MB given to connect shows as '976.5 KiB'
#   as described: and a question that needs more is answered all the same
#   as described: 1MB given by SET shows as '976.5 KiB'
#   as described: a full folder is an OutOfMemoryException that names the setting
#
# Exit code 0: the behaviour is as described. Anything else: it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys
import tempfile

import duckdb

print("duckdb", duckdb.__version__)
changed = []


def check(what, right):
    print("as described:" if right else "CHANGED:", what)
    if not right:
        changed.append(what)


QUERY = "SELECT count(*) FROM (SELECT DISTINCT md5(range::VARCHAR) || md5((range + 1)::VARCHAR) FROM range(2000000))"
LIMIT = "max_temp_directory_size"


def opened(folder, **more):
    return duckdb.connect(config={"memory_limit": "100MB", "threads": 1, "temp_directory": folder, **more})


def shown(db):
    return db.execute(f"SELECT current_setting('{LIMIT}')").fetchone()[0]


with tempfile.TemporaryDirectory() as folder:
    given = opened(folder + "/a", **{LIMIT: "1MB"})
    check(f"1MB given to connect shows as {shown(given)!r}", shown(given) == "976.5 KiB")
    check("and a question that needs more is answered all the same", given.execute(QUERY).fetchone()[0] == 2_000_000)
    later = opened(folder + "/b")
    later.execute(f"SET {LIMIT} = '1MB'")
    check(f"1MB given by SET shows as {shown(later)!r}", shown(later) == "976.5 KiB")
    try:
        later.execute(QUERY).fetchone()
    except duckdb.OutOfMemoryException as error:
        check(f"a full folder is an {type(error).__name__} that names the setting", LIMIT in str(error))
    else:
        check("a full folder is an error", False)
sys.exit(1 if changed else 0)
PYTHON
