#!/usr/bin/env bash
# confluent-kafka 2.16.1: AdminClient.list_topics(name) and Producer.list_topics(name) make the topic where the broker makes topics by
# itself, as Apache Kafka does by default: a question for a misspelt name leaves a topic behind. A consumer does not. The setting
# allow.auto.create.topics, documented as false and for consumers only, is what keeps it from that. librdkafka's own mock broker
# shows it; Apache Kafka 4.3.1 with auto.create.topics.enable=true did the same.
#
# Seen:
#   confluent-kafka 2.16.1
#   as described: an admin client that asks for a topic gets no error, and the topic is there
#   as described: a producer that asks for a topic gets no error, and the topic is there
#   as described: control: a consumer that asks is told that there is none, and there is none
#   as described: with allow.auto.create.topics=False an admin client is told that there is none, and there is none
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

import confluent_kafka
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient

print("confluent-kafka", confluent_kafka.__version__)
changed = []
mock = AdminClient({"test.mock.num.brokers": 1, "bootstrap.servers": "mock", "log_level": 0})
brokers = mock.list_topics(timeout=10).brokers.values()
CLIENT = {"bootstrap.servers": ",".join(f"{one.host}:{one.port}" for one in brokers), "log_level": 0}


def check(what, right):
    print("as described:" if right else "CHANGED:", what)
    if not right:
        changed.append(what)


def makes(client, name):
    error = client.list_topics(name, timeout=10).topics[name].error
    return error is None and name in mock.list_topics(timeout=10).topics


def refuses(client, name):
    error = client.list_topics(name, timeout=10).topics[name].error
    return error is not None and name not in mock.list_topics(timeout=10).topics


check("an admin client that asks for a topic gets no error, and the topic is there", makes(AdminClient(CLIENT), "a"))
check("a producer that asks for a topic gets no error, and the topic is there", makes(Producer(CLIENT), "b"))
consumer = Consumer({**CLIENT, "group.id": "g"})
check("control: a consumer that asks is told that there is none, and there is none", refuses(consumer, "c"))
quiet = AdminClient({**CLIENT, "allow.auto.create.topics": False})
check(
    "with allow.auto.create.topics=False an admin client is told that there is none, and there is none",
    refuses(quiet, "d"),
)
sys.exit(1 if changed else 0)
PYTHON
