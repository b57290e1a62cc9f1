#!/usr/bin/env bash
# deltalake 1.6.6: write_deltalake(..., mode="overwrite", configuration={...}) on a table that exists drops the
# configuration without a word, also with schema_mode="overwrite" and a new schema, where the metadata are written anew.
# Only alter.set_table_properties() changes it, which is a commit of its own: so a property that decides how files are
# written cannot be set together with the rows.
#
# Seen:
#   deltalake 1.6.6 pyarrow 26.0.1
#   as described: control: a new table has {'delta.dataSkippingStatsColumns': 'id'}
#   as described: after an overwrite with it: {}
#   as described: after an overwrite of the schema too, now ['id', 'n', 'm']: {}
#   as described: control: after set_table_properties: {'delta.dataSkippingStatsColumns': 'id'}
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
import warnings

import deltalake
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

warnings.simplefilter("error")
print("deltalake", deltalake.__version__, "pyarrow", pa.__version__)
wanted = {"delta.dataSkippingStatsColumns": "id"}
rows, wider = pa.table({"id": ["a"], "n": [1]}), pa.table({"id": ["a"], "n": [1], "m": [2]})
changed = []


def check(what, right):
    print("as described:" if right else "CHANGED:", what)
    if not right:
        changed.append(what)


def configured(name):
    return dict(DeltaTable(name).metadata().configuration)


write_deltalake("made", rows, configuration=wanted)
check(f"control: a new table has {configured('made')}", configured("made") == wanted)
write_deltalake("there", rows)
write_deltalake("there", rows, mode="overwrite", configuration=wanted)
check(f"after an overwrite with it: {configured('there')}", configured("there") == {})
write_deltalake("there", wider, mode="overwrite", schema_mode="overwrite", configuration=wanted)
names = [field.name for field in DeltaTable("there").schema().fields]
check(f"after an overwrite of the schema too, now {names}: {configured('there')}", configured("there") == {})
DeltaTable("there").alter.set_table_properties(wanted)
check(f"control: after set_table_properties: {configured('there')}", configured("there") == wanted)
sys.exit(1 if changed else 0)
PYTHON
