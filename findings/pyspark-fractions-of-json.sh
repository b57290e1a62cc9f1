#!/usr/bin/env bash
# PySpark 4.2.0: get_json_object and from_json into text give a fraction of JSON after it went through a double, so that
# digits are lost and the form changes without an error; whole numbers keep all digits. A variant (try_parse_json,
# try_variant_get) keeps up to 38 digits, but drops zeros at the end, and the sign of a zero.
#
# Seen:
#   pyspark 4.2.0
#   as described: 1.00000000000000001: get_json_object 1.0, from_json 1.0, variant 1.00000000000000001
#   as described: 0.1234567890123456789: get_json_object 0.12345678901234568, from_json 0.12345678901234568, variant 0.1234567890123456789
#   as described: 0.0001: get_json_object 1.0E-4, from_json 1.0E-4, variant 0.0001
#   as described: -0.0: get_json_object -0.0, from_json -0.0, variant 0
#   as described: control: 12345678901234567890123: get_json_object 12345678901234567890123, from_json 12345678901234567890123, variant 12345678901234567890123
#
# It needs Java 17 or newer. Exit code 0: the behaviour is as described. Anything else: it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyspark==4.2.0
cd "$folder"
SPARK_LOCAL_IP=127.0.0.1 "$folder/venv/bin/python" - <<'PYTHON'
import sys

import pyspark
from pyspark.sql import SparkSession

EXPECTED = {
    "1.00000000000000001": ("1.0", "1.0", "1.00000000000000001"),
    "0.1234567890123456789": ("0.12345678901234568", "0.12345678901234568", "0.1234567890123456789"),
    "0.0001": ("1.0E-4", "1.0E-4", "0.0001"),
    "-0.0": ("-0.0", "-0.0", "0"),
    "12345678901234567890123": ("12345678901234567890123",) * 3,
}
print("pyspark", pyspark.__version__)
session = (
    SparkSession.builder.master("local[1]")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.host", "127.0.0.1")
    .getOrCreate()
)
session.sparkContext.setLogLevel("OFF")
rows = [(number, '{"a":' + number + "}") for number in EXPECTED]
session.createDataFrame(rows, "number string, document string").createOrReplaceTempView("documents")
found = session.sql(
    "SELECT number, get_json_object(document, '$.a'), from_json(document, 'a string').a,"
    " try_variant_get(try_parse_json(document), '$.a', 'string') FROM documents"
).collect()
changed = False
for number, *texts in found:
    holds = tuple(texts) == EXPECTED[number]
    changed = changed or not holds
    control = "control: " if number.isdigit() else ""
    what = ", ".join(f"{how} {text}" for how, text in zip(("get_json_object", "from_json", "variant"), texts))
    print("as described:" if holds else "CHANGED:", f"{control}{number}: {what}")
session.stop()
sys.exit(1 if changed else 0)
PYTHON
