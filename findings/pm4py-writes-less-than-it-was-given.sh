#!/usr/bin/env bash
# pm4py 2.7.23.11: its writers of OCEL 2.0 leave out, without a word, every event that is related to no object; the one of
# JSON also cuts the fractions of seconds off. A function whose name has no 2, write_ocel_json, still writes OCEL 1.0.
#
# Seen:
#   pm4py 2.7.23.11
#   as described: of 2 events, one of them with no object, 1 stands in the JSON file
#   as described: of 2 events, one of them with no object, 1 stands in the SQLite file
#   as described: 10:00:00.250 stands in the JSON file as 2024-01-01T10:00:00Z
#   as described: write_ocel_json writes the keys of the first version, ocel:events among them
#   as described: control: where both have an object, 2 stand in the JSON file
#
# Exit code 0: the behaviour is as described. Anything else: it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pm4py==2.7.23.11 pandas==3.1.1 numpy==2.4.6 lxml==6.1.3
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import json
import sqlite3
import sys

import pandas
import pm4py
from pm4py.objects.ocel.obj import OCEL

print("pm4py", pm4py.__version__)
changed = []


def check(what, right):
    print("as described:" if right else "CHANGED:", what)
    if not right:
        changed.append(what)


def log(related):
    times = pandas.to_datetime(["2024-01-01T10:00:00.250Z", "2024-01-01T11:00:00.500Z"], utc=True, format="ISO8601")
    events = pandas.DataFrame({"ocel:eid": ["e1", "e2"], "ocel:activity": ["pack", "send"], "ocel:timestamp": times})
    objects = pandas.DataFrame({"ocel:oid": ["o1"], "ocel:type": ["parcel"]})
    relations = events[events["ocel:eid"].isin(related)].assign(**{"ocel:oid": "o1", "ocel:type": "parcel"})
    return OCEL(events, objects, relations.assign(**{"ocel:qualifier": "of"}))


one = log(["e1"])
pm4py.write_ocel2_json(one, "one.json")
pm4py.write_ocel2_sqlite(one, "one.sqlite")
pm4py.write_ocel_json(one, "one.jsonocel")
pm4py.write_ocel2_json(log(["e1", "e2"]), "both.json")
written = json.load(open("one.json"))["events"]
check(f"of 2 events, one of them with no object, {len(written)} stands in the JSON file", len(written) == 1)
rows = sqlite3.connect("one.sqlite").execute("SELECT count(*) FROM event").fetchone()[0]
check(f"of 2 events, one of them with no object, {rows} stands in the SQLite file", rows == 1)
time = written[0]["time"]
check(f"10:00:00.250 stands in the JSON file as {time}", "10:00:00" in time and "." not in time)
keys = set(json.load(open("one.jsonocel")))
check("write_ocel_json writes the keys of the first version, ocel:events among them", "ocel:events" in keys)
both = len(json.load(open("both.json"))["events"])
check(f"control: where both have an object, {both} stand in the JSON file", both == 2)
sys.exit(1 if changed else 0)
PYTHON
