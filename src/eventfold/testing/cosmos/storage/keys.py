"""Partition keys: reading them from documents and headers, and the place of each on the ring.

The effective partition key is a hash in upper-case hexadecimal; ranges of it make the physical partitions, from ""
to "FF". Only keys of version 2 are known, of one path or of several (hierarchical); older ones are refused.
"""

import json
import re
import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from eventfold.testing.cosmos.storage.murmur import murmur128

LOWEST = ""
HIGHEST = "FF"
_NAME = re.compile(r"""/(?:"([^"]*)"|'([^']*)'|([^/]+))""")
UNDEFINED: dict[str, Any] = {}
"""How a key that a document does not have is written."""


def paths(path: str) -> list[str]:
    """The names of a path: `/a/"b/c"/d` is a, b/c, d."""
    return ["".join(found) for found in _NAME.findall(path)] or [""]


def value_at(document: Any, names: Sequence[str]) -> Any:
    """The scalar at a path; `UNDEFINED` where there is none."""
    found = document
    for name in names:
        if not isinstance(found, dict) or name not in found:
            return UNDEFINED
        found = found[name]
    return UNDEFINED if isinstance(found, dict | list) else found


def key_text(values: Sequence[Any]) -> str:
    """One text for one key: 1 and 1.0 are the same, 1 and true are not."""
    whole = [int(value) if isinstance(value, float) and value.is_integer() else value for value in values]
    return json.dumps(whole, separators=(",", ":"))


def read_key(header: str) -> list[Any]:
    """The values of a partition key header.

    Raises:
        ValueError: it is not a JSON list.
    """
    values = json.loads(header)
    if not isinstance(values, list):
        raise ValueError("no list")  # noqa: TRY004 - one error for whatever is no key
    return values or [UNDEFINED]


def _bytes_of(value: Any) -> bytes:
    match value:
        case bool():
            return b"\x03" if value else b"\x02"
        case None:
            return b"\x01"
        case int() | float():
            return b"\x05" + struct.pack("<d", float(value))
        case str():
            return b"\x08" + value.encode("utf-8", "surrogatepass") + b"\xff"
        case _:
            return b"\x00"


def _hashed(data: bytes) -> str:
    low, high = murmur128(data)
    return f"{high & 0x3FFFFFFFFFFFFFFF:016X}{low:016X}"  # two bits are cleared, so that "FF" stays above all


@lru_cache(maxsize=65536)
def _place(text: str, *, hierarchical: bool) -> str:
    values = json.loads(text)
    if hierarchical:
        return "".join(_hashed(_bytes_of(value)) for value in values)
    return _hashed(b"".join(map(_bytes_of, values)))


def place(values: Sequence[Any], *, hierarchical: bool = False) -> str:
    """The effective partition key of a key."""
    return _place(key_text(values), hierarchical=hierarchical)


def middle(low: str, high: str) -> str:
    """The place half-way between two places."""
    width = 32
    start = int(low.ljust(width, "0"), 16)
    end = 1 << 126 if high == HIGHEST else int(high.ljust(width, "0"), 16)  # hashes end at 3FFF...
    return f"{(start + end) // 2:032X}"


def divided(count: int) -> list[tuple[str, str]]:
    """The ring in parts of equal width."""
    inner = [f"{(1 << 126) * part // count:032X}" for part in range(1, count)]
    return list(zip([LOWEST, *inner], [*inner, HIGHEST], strict=True))
