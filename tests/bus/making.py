"""Topics for tests."""

import time
from collections.abc import Mapping
from typing import Any

from confluent_kafka.admin import AdminClient, NewTopic


def make_topic(client: Mapping[str, Any], name: str, partitions: int = 1, **options: str) -> str:
    """A new topic; its name."""
    admin = AdminClient(dict(client))
    admin.create_topics([NewTopic(name, partitions, 1, config=options)])[name].result(30)
    until = time.monotonic() + 30
    while True:  # until every partition has a leader
        found = admin.list_topics(timeout=30).topics.get(name)
        if (
            found
            and len(found.partitions) == partitions
            and all(p.leader >= 0 for p in found.partitions.values())
        ):
            return name
        assert time.monotonic() < until
        time.sleep(0.02)
