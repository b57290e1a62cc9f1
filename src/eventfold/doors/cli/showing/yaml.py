"""Documents of maps, lists, texts, numbers and truth values as YAML that says nothing but what JSON would."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

_KNOWN = frozenset({"bundle", "name", "jobs", "tasks", "spec", "whl", "pypi", "dev", "prod", "mode"})
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


def as_yaml(document: Mapping[str, Any]) -> str:
    """Every member in a line or a block of its own; texts are quoted, so that none is a number, a date or a command.

    Args:
        document: of printable texts, not empty.
    """
    return "".join(f"{line}\n" for line in _lines(document, ""))


def _lines(value: Mapping[str, Any] | Sequence[Any], indent: str) -> Iterator[str]:
    parts = (
        [(f"{_key(name)}:", member) for name, member in value.items()]
        if isinstance(value, Mapping)
        else [("-", member) for member in value]
    )
    for begin, member in parts:
        if isinstance(member, Mapping | list | tuple) and member:
            inner = list(_lines(member, f"{indent}  "))
            if begin == "-":  # its first member stands behind the dash
                yield f"{indent}- {inner[0].strip()}"
                yield from inner[1:]
            else:
                yield f"{indent}{begin}"
                yield from inner
        else:
            yield f"{indent}{begin} {_scalar(member)}"


def _key(name: str) -> str:
    """Plain where no reader could take it for another thing; y, no and null are words of YAML."""
    plain = _PLAIN.issuperset(name) and len(name) > 5 and name[0].isalpha()
    return name if plain or name in _KNOWN else _scalar(name)


def _scalar(value: Any) -> str:
    return msgspec.json.encode(value).decode()
