"""Topics for tests."""

from collections.abc import Mapping
from typing import Any

from confluent_kafka.admin import AdminClient, NewTopic


def make_topic(client: Mapping[str, Any], name: str, partitions: int = 1, **options: str) -> str:
    """A new topic; its name."""
    admin = AdminClient(dict(client))
    admin.create_topics([NewTopic(name, partitions, 1, config=options)])[name].result(30)
    return name
