#!/usr/bin/env bash
# confluent-kafka 2.16.1: what a callback for tokens (oauth_cb) raises is lost. Making a client waits for ten seconds and ends
# with "OAuth token not set", which names no cause; a client whose callback gives a token is made at once.
#
# Seen:
#   confluent-kafka 2.16.1
#   as described: a callback that raises is not told: OAuth token not set within 10 seconds timeout
#   as described: the callback was called, and what it raised stands nowhere in the error
#   as described: control: with a callback that gives a token the client is made
#
# Exit code 0: the behaviour is as described. Anything else: it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check confluent-kafka==2.16.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys
import time

import confluent_kafka
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

print("confluent-kafka", confluent_kafka.__version__)
changed = []
CLIENT = {
    "bootstrap.servers": "127.0.0.1:1",
    "security.protocol": "SASL_PLAINTEXT",
    "sasl.mechanisms": "OAUTHBEARER",
    "log_level": 0,
}


def check(what, right):
    print("as described:" if right else "CHANGED:", what)
    if not right:
        changed.append(what)


called = []


def nobody(_config):
    called.append(1)
    raise ValueError("the identity has expired")


said = ""
try:
    AdminClient({**CLIENT, "oauth_cb": nobody})
except (KafkaException, ValueError) as error:
    said = str(error.args[0])
check(f"a callback that raises is not told: {said.partition('str=')[2].strip(chr(34) + '}')}", "not set" in said)
check(
    "the callback was called, and what it raised stands nowhere in the error",
    bool(called) and "expired" not in said,
)
made = AdminClient({**CLIENT, "oauth_cb": lambda _config: ("token", time.time() + 3600)})
check("control: with a callback that gives a token the client is made", made is not None)
sys.exit(1 if changed else 0)
PYTHON
