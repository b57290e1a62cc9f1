#!/usr/bin/env bash
# deltalake 1.6.6: two handles that read the same version of a table compact it, both commits land, and every row is
# there twice. It is so for compact() and for z_order(), and whether or not max_commit_retries=0 is given. An overwrite of
# such a stale handle with max_commit_retries=0 is refused, as it should be.
#
# Seen:
#   deltalake 1.6.6 pyarrow 26.0.1
#   as described: compact: 4 rows after the first
#   as described: compact: 8 rows after the second, which read the same version; [(3, 'OPTIMIZE'), (2, 'OPTIMIZE')]
#   as described: compact_once: 4 rows after the first
#   as described: compact_once: 8 rows after the second, which read the same version; [(3, 'OPTIMIZE'), (2, 'OPTIMIZE')]
#   as described: z_order: 4 rows after the first
#   as described: z_order: 8 rows after the second, which read the same version; [(3, 'OPTIMIZE'), (2, 'OPTIMIZE')]
#   as described: control: an overwrite of a stale handle is refused, 4 rows
#
# Exit code 0: the behaviour is as described. Anything else: it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check deltalake==1.6.6 pyarrow==26.0.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import deltalake
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError

print("deltalake", deltalake.__version__, "pyarrow", pa.__version__)
once = CommitProperties(max_commit_retries=0)
changed = []


def fresh(name):
    for n in range(2):
        write_deltalake(name, pa.table({"id": [f"a{n}", f"b{n}"], "n": [n, n]}), mode="append")
    return DeltaTable(name), DeltaTable(name)


def rows(name):
    return DeltaTable(name).to_pyarrow_table().num_rows


def check(what, right):
    print("as described:" if right else "CHANGED:", what)
    if not right:
        changed.append(what)


for name, maintain in {
    "compact": lambda table: table.optimize.compact(),
    "compact_once": lambda table: table.optimize.compact(commit_properties=once),
    "z_order": lambda table: table.optimize.z_order(["id"]),
}.items():
    first, second = fresh(name)
    before = rows(name)
    maintain(first)
    check(f"{name}: {before} rows after the first", rows(name) == before)
    try:
        maintain(second)
    except CommitFailedError as error:
        print("the second was refused:", str(error).splitlines()[0])
    history = [(commit["version"], commit["operation"]) for commit in DeltaTable(name).history(2)]
    check(f"{name}: {rows(name)} rows after the second, which read the same version; {history}", rows(name) == 2 * before)

first, second = fresh("overwrite")
first.optimize.compact()
try:
    write_deltalake(second, pa.table({"id": ["c"], "n": [9]}), mode="overwrite", commit_properties=once)
    refused = False
except CommitFailedError:
    refused = True
check(f"control: an overwrite of a stale handle is refused, {rows('overwrite')} rows", refused and rows("overwrite") == 4)
sys.exit(1 if changed else 0)
PYTHON
