#!/usr/bin/env bash
# msgspec 0.22.0: a time with more than six decimals is decoded into a datetime by rounding, so that the last moment of a year
# becomes the first one of the next. The standard library cuts instead. Neither says so.
#
# Seen:
#   msgspec 0.22.0
#   as described: 2024-12-31T23:59:59.9999999Z is decoded to 2025-01-01T00:00:00+00:00
#   as described: datetime.fromisoformat reads 2024-12-31T23:59:59.999999+00:00
#   as described: control: six decimals are decoded as they are
#
# Exit code 0: the behaviour is as described. Anything else: it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check msgspec==0.22.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys
from datetime import datetime

import msgspec

print("msgspec", msgspec.__version__)
changed = []


def check(what, right):
    print("as described:" if right else "CHANGED:", what)
    if not right:
        changed.append(what)


fine = "2024-12-31T23:59:59.9999999Z"
decoded = msgspec.json.decode(f'"{fine}"', type=datetime)
check(f"{fine} is decoded to {decoded.isoformat()}", decoded.year == 2025)
parsed = datetime.fromisoformat(fine)
check(f"datetime.fromisoformat reads {parsed.isoformat()}", parsed.year == 2024)
exact = msgspec.json.decode('"2024-12-31T23:59:59.999999Z"', type=datetime)
check("control: six decimals are decoded as they are", (exact.year, exact.microsecond) == (2024, 999999))
sys.exit(1 if changed else 0)
PYTHON
