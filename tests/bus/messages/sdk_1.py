"""Runs where `cloudevents` 1.x is installed: reads messages as lines of JSON, and writes them again in both modes.

A line has `headers`, `key` and `value`, whose bytes are base64, and `structured`. The answer has what was read, and the
messages that it makes of that: `binary` and `structured`.
"""

import base64
import json
import sys
from importlib import import_module
from typing import Any


def main() -> None:
    """Until there are no more lines."""
    kafka: Any = import_module("cloudevents.kafka")
    for line in sys.stdin:
        given = json.loads(line)
        headers = {name: base64.b64decode(value) for name, value in given["headers"].items()}
        message = kafka.KafkaMessage(headers, given["key"], base64.b64decode(given["value"]))
        read = kafka.from_structured(message) if given["structured"] else kafka.from_binary(message)
        attributes = dict(read.get_attributes())
        read["datacontenttype"] = (
            "application/json"  # it takes the media type of the message for that of the data
        )
        answer = {
            "attributes": attributes,
            "data": read.get_data(),
            "binary": plain(kafka.to_binary(read)),
            "structured": plain(kafka.to_structured(read)),
        }
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def plain(message: Any) -> dict[str, Any]:
    """A message as JSON."""
    headers = {name: base64.b64encode(value).decode() for name, value in message.headers.items()}
    return {"headers": headers, "key": message.key, "value": base64.b64encode(message.value).decode()}


if __name__ == "__main__":
    main()
