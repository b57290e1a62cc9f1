#!/usr/bin/env bash
# confluent-kafka 2.16.1: list_topics of an admin client ends with "Broker transport failure", whatever the cause. The cause goes to
# error_cb, which is not called while one waits, but all at once when the client is polled; what nobody polls piles up. And a
# future of an admin client that nobody keeps ends with "handle destroyed" before any answer.
#
# Seen:
#   confluent-kafka 2.16.1
#   as described: list_topics says Local: Broker transport failure, and error_cb was not called
#   as described: polled, the cause is told: Connection refused
#   as described: a future whose admin client is kept by nobody ends with _DESTROY
#   as described: control: one whose admin client is kept waits for its answer
#
# Exit code 0: the behaviour is as described. Anything else: it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check confluent-kafka==2.16.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import concurrent.futures
import sys

import confluent_kafka
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

print("confluent-kafka", confluent_kafka.__version__)
changed = []
CLIENT = {"bootstrap.servers": "127.0.0.1:1", "log_level": 0}


def check(what, right):
    print("as described:" if right else "CHANGED:", what)
    if not right:
        changed.append(what)


heard = []
client = AdminClient({**CLIENT, "error_cb": lambda error: heard.append(error.str())})
said = ""
try:
    client.list_topics(timeout=2)
except KafkaException as error:
    said = error.args[0].str()
check(
    f"list_topics says {said.removeprefix('Failed to get metadata: ')}, and error_cb was not called",
    "transport failure" in said and heard == [],
)
client.poll(0)
check("polled, the cause is told: Connection refused", any("Connection refused" in text for text in heard))

name = ""
try:
    AdminClient(CLIENT).create_topics([NewTopic("a", 1, 1)])["a"].result(5)
except KafkaException as error:
    name = error.args[0].name()
check(f"a future whose admin client is kept by nobody ends with {name}", name == "_DESTROY")
kept = AdminClient(CLIENT)
waits = False
try:
    kept.create_topics([NewTopic("a", 1, 1)])["a"].result(1)
except concurrent.futures.TimeoutError:
    waits = True
check("control: one whose admin client is kept waits for its answer", waits)
sys.exit(1 if changed else 0)
PYTHON
