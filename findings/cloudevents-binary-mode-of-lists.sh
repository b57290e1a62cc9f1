#!/usr/bin/env bash
# cloudevents 2.2.0: in the binary mode of HTTP its writer writes data that are a map as JSON, but a list or a boolean as
# Python prints it, under the same content type application/json, without a word: what reads it as JSON fails. In the
# structured mode both are right.
#
# Seen:
#   cloudevents 2.2.0
#   as described: binary mode writes ['blue', 'red'] as ['blue', 'red']
#   as described: structured mode writes ['blue', 'red'] as the JSON that it is
#   as described: binary mode writes True as True
#   as described: structured mode writes True as the JSON that it is
#   as described: control: a map is written as JSON, {"colours": ["blue", true]}
#
# Exit code 0: the behaviour is as described. Anything else: it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check cloudevents==2.2.0 python-dateutil==2.9.0.post0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import json
import sys
from importlib.metadata import version

from cloudevents.core.bindings.http import to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

print("cloudevents", version("cloudevents"))
changed = []
ATTRIBUTES = {
    "id": "a-1",
    "source": "/shop",
    "type": "com.example.counted",
    "specversion": "1.0",
    "datacontenttype": "application/json",
}


def check(what, right):
    print("as described:" if right else "CHANGED:", what)
    if not right:
        changed.append(what)


def binary(data):
    body = to_binary(CloudEvent(ATTRIBUTES, data), JSONFormat()).body
    return body.decode() if isinstance(body, bytes) else body


def structured(data):
    body = to_structured(CloudEvent(ATTRIBUTES, data), JSONFormat()).body
    return json.loads(body)["data"]


for data in (["blue", "red"], True):
    text = binary(data)
    check(f"binary mode writes {data!r} as {text}", text == str(data) != json.dumps(data))
    check(f"structured mode writes {data!r} as the JSON that it is", structured(data) == data)
text = binary({"colours": ["blue", True]})
check(f"control: a map is written as JSON, {text}", json.loads(text) == {"colours": ["blue", True]})
sys.exit(1 if changed else 0)
PYTHON
